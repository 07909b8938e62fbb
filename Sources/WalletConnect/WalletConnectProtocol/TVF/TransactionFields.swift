public import Primitives

/// What a relay is told of a request and its answer for its accounting: contracts called and hashes of transactions.
///
/// The relay sees these in clear text, so sending them is a choice of the operator. Nothing here fails: what cannot be
/// read gives nothing.
public enum TransactionFields {
    /// The most hashes of one answer.
    public static let hashesMax = 64
    /// The longest text that is passed on as a hash or an address, in bytes.
    public static let textBytesMax = 256

    /// Which call data counts as that of a contract.
    public enum ContractDataRule: Sendable, Hashable {
        /// `0x` and an even number of hex digits, so a bare `0x` counts: the JavaScript client.
        case javaScript
        /// Also a selector, a first argument and a second one, none of them zero: reown-swift.
        case withArguments
    }

    /// The contracts that a request calls.
    ///
    /// - Parameters:
    ///   - method: as in `eth_sendTransaction`.
    ///   - params: the request's parameters.
    public static func contractAddresses(
        method: String, params: JSON, rule: ContractDataRule = .javaScript
    ) -> [String] {
        let address: String?
        switch method {
        case "tron_signTransaction":
            let contract = params["raw_data"]?["contract"]?[0] ?? params["transaction"]?["raw_data"]?["contract"]?[0]
            address = contract?["parameter"]?["value"]?["contract_address"]?.string
        default:
            // Whatever the method: the official client looks only at the shape.
            guard let data = params["data"]?.string ?? params[0]?["data"]?.string, isContractData(data, rule: rule)
            else { return [] }
            address = params[0]?["to"]?.string
        }
        return [address].compactMap(bounded)
    }

    /// Whether the data of a transaction calls a contract.
    public static func isContractData(_ data: String, rule: ContractDataRule = .javaScript) -> Bool {
        let digits = Array(data.utf8.dropFirst(2))
        guard data.utf8.starts(with: "0x".utf8), digits.count.isMultiple(of: 2), digits.allSatisfy(isHexDigit) else {
            return false
        }
        guard rule == .withArguments else { return true }
        let (selector, arguments) = (digits.prefix(8), digits.dropFirst(8))
        func isZero(_ word: ArraySlice<UInt8>) -> Bool { word.allSatisfy { $0 == UInt8(ascii: "0") } }
        return !isZero(selector) && !isZero(arguments.prefix(64)) && !isZero(arguments.dropFirst(64))
    }

    /// The hashes of the transactions that an answer is about.
    ///
    /// - Parameters:
    ///   - method: the request's, as in `eth_sendTransaction`.
    ///   - params: the request's parameters; only `polkadot_signTransaction` needs them.
    ///   - result: the answer's `result`.
    public static func transactionHashes(method: String, params: JSON? = nil, result: JSON) -> [String] {
        let found = hashes(method: method, params: params, result: result)
        // Some clients put the answer into one more `result`.
        if found.isEmpty, let inner = result["result"] {
            return hashes(method: method, params: params, result: inner).prefix(hashesMax).compactMap(bounded)
        }
        return found.prefix(hashesMax).compactMap(bounded)
    }

    private static func hashes(method: String, params: JSON?, result: JSON) -> [String] {
        func text(_ value: JSON?) -> [String] { [value?.string].compactMap { $0 } }
        switch method {
        case "eth_sendTransaction", "eth_sendRawTransaction": return text(result)
        case "wallet_sendCalls": return batch(result)
        case "solana_signTransaction", "solana_signAndSendTransaction": return text(result["signature"])
        case "sui_signAndExecuteTransaction": return text(result["digest"])
        case "tron_signTransaction": return text(result["txID"])
        case "hedera_signAndExecuteTransaction", "hedera_executeTransaction": return text(result["transactionId"])
        case "xrpl_signTransaction", "xrpl_signTransactionFor": return text(result["tx_json"]?["hash"])
        case "sendTransfer": return text(result["txid"])
        case "stacks_stxTransfer": return text(result["txId"])
        case "stx_transferStx": return text(result["txid"])
        case "solana_signAllTransactions":
            return list(result["transactions"], TransactionHashes.solana(base64:))
        case "sui_signTransaction":
            return [result["transactionBytes"]?.string.flatMap(TransactionHashes.sui(base64:))].compactMap { $0 }
        case "near_signTransaction": return [TransactionHashes.near(result)].compactMap { $0 }
        case "near_signTransactions":
            return (result.array ?? []).prefix(hashesMax).compactMap(TransactionHashes.near)
        case "algo_signTxn": return list(result, TransactionHashes.algorand(base64:))
        case "cosmos_signDirect": return [TransactionHashes.cosmos(result)].compactMap { $0 }
        case "polkadot_signTransaction":
            return [params.flatMap { PolkadotExtrinsic.hash(params: $0, result: result) }].compactMap { $0 }
        // The cell itself: its hash is nobody's concern but the relay's, which can make it.
        case "ton_sendMessage": return text(result["boc"] ?? result)
        default: return []
        }
    }

    private static func list(_ transactions: JSON?, _ hash: (String) -> String?) -> [String] {
        (transactions?.array ?? []).prefix(hashesMax).compactMap { $0.string.flatMap(hash) }
    }

    /// The answer of `wallet_sendCalls`: an id, or an object with one and perhaps the hashes of
    /// [CAIP-345](https://chainagnostic.org/CAIPs/caip-345).
    private static func batch(_ result: JSON) -> [String] {
        if let id = result.string { return [id] }
        let named = result["capabilities"]?["caip345"]?["transactionHashes"]?.array?.compactMap(\.string) ?? []
        return named.isEmpty ? [result["id"]?.string].compactMap { $0 } : named
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }

    /// A text that is worth passing on; nil when it is missing, empty or long.
    private static func bounded(_ text: String?) -> String? {
        guard let text, !text.isEmpty, text.utf8.count <= textBytesMax else { return nil }
        return text
    }
}
