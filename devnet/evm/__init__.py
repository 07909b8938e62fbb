"""An EVM development chain: py-evm executes, a geth-like pool orders, JSON-RPC over HTTP answers.

python -m devnet.evm --port 0 --ready-file /tmp/evm.json
"""

import os

# The C libraries are several times faster than the pure Python ones; chosen before anything of py-evm is imported.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
os.environ.setdefault("ECC_BACKEND_CLASS", "eth_keys.backends.CoinCurveECCBackend")
