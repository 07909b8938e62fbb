package import ChainEVM
package import Primitives

/// A transaction as a dApp asks for it: what it left out is the wallet's to fill in.
package struct TransactionDraft: Sendable, Equatable {
    /// What was asked.
    package var call: CallRequest
    /// The sender's count of transactions, if the dApp gave it.
    package var nonce: UInt64?
    private let chainNumber: UInt64

    /// The gas of a plain transfer.
    private static let transferGas: UInt64 = 21_000
    /// What is taken for a call when nobody can be asked.
    private static let callGas: UInt64 = 300_000
    /// What is taken when nobody can be asked, in wei per gas.
    private static let offlinePrice = UInt256(1_000_000_000)

    /// Reads `[transaction]`.
    ///
    /// - Throws: a refusal when it is for another account or chain, or malformed.
    package init(params: JSON, chainNumber: UInt64, account: Address) throws(TestWalletRefusal) {
        guard let json = params[0] else { throw .invalid("a transaction is asked for as [{…}]") }
        do {
            call = try CallRequest(json: json)
        } catch {
            throw .invalid("the transaction is refused: \(error)")
        }
        guard call.from ?? account == account else { throw .unauthorized("The account is not in this wallet.") }
        call.from = account
        nonce = nil
        if let text = json["nonce"], !text.isNull {
            guard let nonce = text.string.flatMap({ (try? UInt256(hexQuantity: $0))?.uint64 }) else {
                throw .invalid("nonce is not a hex quantity")
            }
            self.nonce = nonce
        }
        if let text = json["chainId"], !text.isNull {
            let number = text.string.flatMap { (try? UInt256(hexQuantity: $0))?.uint64 } ?? text.uint64
            guard number == chainNumber else { throw .invalid("the transaction is for another chain") }
        }
        self.chainNumber = chainNumber
    }

    /// What to ask a node before ``transaction(node:)``, as method and parameters.
    package var questions: [(method: String, params: JSON)] {
        let account = JSON.string(call.from?.lowercased ?? "")
        var questions: [(method: String, params: JSON)] = []
        if nonce == nil { questions.append(("eth_getTransactionCount", [account, "pending"])) }
        if call.gasLimit == nil { questions.append(("eth_estimateGas", [call.json])) }
        if call.gasPrice == nil, call.maxFeePerGas == nil { questions.append(("eth_gasPrice", [])) }
        return questions
    }

    /// The whole transaction.
    ///
    /// - Parameter node: the node's answers to ``questions``, by method; without one, values that only show the form.
    /// - Throws: a refusal when the node's answer is no quantity.
    package func transaction(node: [String: JSON]) throws(TestWalletRefusal) -> Transaction {
        let plain = call.data.isEmpty && call.to != nil ? Self.transferGas : Self.callGas
        let (asked, counted) = (try quantity(node, "eth_estimateGas"), try quantity(node, "eth_getTransactionCount"))
        let current = try quantity(node, "eth_gasPrice")
        let gas = call.gasLimit ?? asked?.uint64 ?? plain
        let count = nonce ?? counted?.uint64 ?? 0
        let fees: Transaction.Fees
        if let cap = call.maxFeePerGas {
            fees = .eip1559(
                maxPriorityFeePerGas: min(call.maxPriorityFeePerGas ?? cap, cap), maxFeePerGas: cap,
                accessList: call.accessList)
        } else {
            let price = call.gasPrice ?? current ?? Self.offlinePrice
            fees =
                call.accessList.isEmpty
                ? .legacy(gasPrice: price) : .eip2930(gasPrice: price, accessList: call.accessList)
        }
        return Transaction(
            chainID: chainNumber, nonce: count, gasLimit: gas, to: call.to, value: call.value ?? .zero,
            data: call.data, fees: fees)
    }

    private func quantity(_ node: [String: JSON], _ method: String) throws(TestWalletRefusal) -> UInt256? {
        guard let answer = node[method] else { return nil }
        guard let text = answer.string, let value = try? UInt256(hexQuantity: text) else {
            throw TestWalletRefusal(code: -32603, message: "Internal error: the node's \(method) is no quantity.")
        }
        return value
    }
}
