# pragma version 0.4.3
"""
@title Pays many people in one transaction, each payment at most once.
@notice Pays from its own balance, so that no hot wallet ever grants an allowance. Every payment carries an id; an id
        that was paid is skipped, never paid again, so that sending the same batch twice is safe. One payee that
        fails does not stop the others: its id stays unpaid and its event says why.
"""

# A payee is a wallet or a wallet contract. Enough for a proxy that emits an event, too little to burn the batch's gas.
NATIVE_CALL_GAS: constant(uint256) = 60_000
# The dearest common token (a proxy with block list and fee) needs about 90,000.
TOKEN_CALL_GAS: constant(uint256) = 150_000
BATCH_MAX: constant(uint256) = 300

event Paid:
    id: indexed(bytes32)
    token: indexed(address)
    to: indexed(address)
    amount: uint256

event Skipped:
    id: indexed(bytes32)

event Failed:
    id: indexed(bytes32)
    token: indexed(address)
    to: indexed(address)
    amount: uint256

event OperatorChanged:
    operator: indexed(address)
    allowed: bool

owner: public(address)
operator: public(HashMap[address, bool])
paid: public(HashMap[bytes32, bool])
paused: public(bool)


@deploy
def __init__():
    self.owner = msg.sender
    self.operator[msg.sender] = True


@external
@payable
def __default__():
    pass


@external
def setOperator(operator: address, allowed: bool):
    assert msg.sender == self.owner, "only the owner"
    self.operator[operator] = allowed
    log OperatorChanged(operator=operator, allowed=allowed)


@external
def setPaused(paused: bool):
    assert msg.sender == self.owner, "only the owner"
    self.paused = paused


@internal
def _send(token: address, to: address, amount: uint256) -> bool:
    if token == empty(address):
        if self.balance < amount:
            return False
        return raw_call(to, b"", value=amount, gas=NATIVE_CALL_GAS, revert_on_failure=False)
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        token,
        abi_encode(to, amount, method_id=method_id("transfer(address,uint256)")),
        max_outsize=32,
        gas=TOKEN_CALL_GAS,
        revert_on_failure=False,
    )
    # Some tokens return nothing; one that returns anything else than true has not paid.
    return success and (len(answer) == 0 or (len(answer) == 32 and convert(answer, uint256) == 1))


@external
@payable
@nonreentrant
def pay(
    ids: DynArray[bytes32, BATCH_MAX],
    token: address,
    to: DynArray[address, BATCH_MAX],
    amounts: DynArray[uint256, BATCH_MAX],
):
    assert self.operator[msg.sender], "only an operator"
    assert not self.paused, "paused"
    assert len(ids) == len(to) and len(ids) == len(amounts), "lengths differ"
    # An address without code accepts every call, and nothing would have moved.
    assert token == empty(address) or token.is_contract, "token has no code"
    for i: uint256 in range(len(ids), bound=BATCH_MAX):
        if self.paid[ids[i]]:
            log Skipped(id=ids[i])
            continue
        # Marked before the call, so that a payee who calls back finds the id paid.
        self.paid[ids[i]] = True
        # A call that is given less gas than it asks for could be starved into a false failure.
        assert msg.gas > 250_000, "not enough gas"
        if self._send(token, to[i], amounts[i]):
            log Paid(id=ids[i], token=token, to=to[i], amount=amounts[i])
        else:
            self.paid[ids[i]] = False
            log Failed(id=ids[i], token=token, to=to[i], amount=amounts[i])
