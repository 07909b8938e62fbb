"""Compiles the contracts of this folder into the JSON files next to them.

The compiler is heavy and is not part of the development environment; install it in an environment of its own:
    python3 -m venv /tmp/vyper
    /tmp/vyper/bin/pip install vyper==0.4.3
    /tmp/vyper/bin/python devnet/contracts/compile.py
"""

import json
import pathlib

import vyper
from vyper.compiler import compile_code


def main() -> None:
    folder = pathlib.Path(__file__).resolve().parent
    for source in sorted(folder.glob("*.vy")):
        output = compile_code(source.read_text(), output_formats=["abi", "bytecode"])
        artefact = {
            "source": source.name,
            "compiler": f"vyper {vyper.__version__}",
            "abi": output["abi"],
            "bytecode": output["bytecode"],
        }
        source.with_suffix(".json").write_text(json.dumps(artefact, indent=1) + "\n")
        print(f"{source.name}: {len(output['bytecode']) // 2} bytes")


if __name__ == "__main__":
    main()
