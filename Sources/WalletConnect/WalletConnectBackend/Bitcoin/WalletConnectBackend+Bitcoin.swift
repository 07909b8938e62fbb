public import Primitives
import WalletConnectProtocol

/// What wallets of Bitcoin's kind (`bip122`) are asked for.
///
/// Besides the errors that each method names, every one throws what ``WalletConnectBackend/request(_:_:on:for:options:)``
/// and ``PendingCall/value()`` throw.
extension WalletConnectBackend {
    /// Has the wallet pay (`sendTransfer`).
    ///
    /// - Returns: the transaction's id, 64 digits, in the wallet's words.
    /// - Throws: ``BackendError``: `invalid_params` naming the field, `invalid_response` for what is no id.
    public func bitcoinSend(
        _ transfer: BitcoinTransfer, on chain: ChainID, for target: ConnectionTarget,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> String {
        try Self.require("bip122", chain)
        guard transfer.satoshis > 0 else {
            throw BackendError(.invalidParams, "there is nothing to pay", field: "satoshis")
        }
        try Self.checkAddress(transfer.recipient, "recipient")
        let party = try await party(target, chain, "sendTransfer", address: transfer.account, field: "account")
        let params = JSON.object(omittingNil: [
            "account": .string(party.account.address), "recipientAddress": .string(transfer.recipient),
            "amount": .string(String(transfer.satoshis)), "changeAddress": transfer.changeAddress.map { .string($0) },
            "memo": transfer.memo.map { .string(Hex.encode($0)) },
        ])
        return try await ask("sendTransfer", params, chain, party.target, options) { Self.txid($0["txid"]) }.value
    }

    /// Asks the wallet for the addresses of an account (`getAccountAddresses`).
    ///
    /// - Throws: ``BackendError``: `invalid_params`, `invalid_response` for what is no list of addresses.
    public func bitcoinAddresses(
        of account: String? = nil, intentions: [String] = [], on chain: ChainID, for target: ConnectionTarget,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> [BitcoinAddress] {
        try Self.require("bip122", chain)
        let party = try await party(target, chain, "getAccountAddresses", address: account, field: "account")
        let params = JSON.object(omittingNil: [
            "account": .string(party.account.address),
            "intentions": intentions.isEmpty ? nil : .array(intentions.map { .string($0) }),
        ])
        return try await ask("getAccountAddresses", params, chain, party.target, options) {
            result -> [BitcoinAddress]? in
            guard let list = result.array else { return nil }
            let addresses = list.compactMap { entry -> BitcoinAddress? in
                guard let address = entry["address"]?.string, Self.isAddress(address) else { return nil }
                return BitcoinAddress(
                    address: address, publicKey: entry["publicKey"]?.string, path: entry["path"]?.string,
                    intention: entry["intention"]?.string)
            }
            return addresses.count == list.count ? addresses : nil
        }.value
    }

    /// Has the wallet sign inputs of a partially signed transaction (`signPsbt`).
    ///
    /// - Parameters:
    ///   - psbt: as BIP-174 serializes it.
    ///   - inputs: which to sign, and how; none leaves it to the wallet.
    ///   - broadcasts: whether the wallet sends the transaction.
    /// - Throws: ``BackendError``: `invalid_params`, `invalid_response` for what is no PSBT, or no id when it was to send.
    public func bitcoinSign(
        psbt: [UInt8], inputs: [BitcoinInput] = [], broadcasts: Bool = false, account: String? = nil,
        on chain: ChainID, for target: ConnectionTarget, options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SignedPSBT {
        try Self.require("bip122", chain)
        guard psbt.starts(with: Self.psbtMagic) else {
            throw BackendError(.invalidParams, "it is no PSBT", field: "psbt")
        }
        let party = try await party(target, chain, "signPsbt", address: account, field: "account")
        let params = JSON.object(omittingNil: [
            "account": .string(party.account.address), "psbt": .string(Base64.encode(psbt)),
            "signInputs": .array(inputs.map(\.json)), "broadcast": .bool(broadcasts),
        ])
        let (signed, call) = try await ask("signPsbt", params, chain, party.target, options) {
            result -> (psbt: [UInt8], txid: String?)? in
            guard let bytes = result["psbt"]?.string.flatMap({ try? Base64.decode($0) }),
                bytes.starts(with: Self.psbtMagic)
            else { return nil }
            let txid = Self.txid(result["txid"])
            return broadcasts && txid == nil ? nil : (bytes, txid)
        }
        return SignedPSBT(psbt: signed.psbt, txid: signed.txid, requestID: call.id ?? 0)
    }

    /// Has the wallet sign a text (`signMessage`); the signature is not checked here.
    ///
    /// - Parameter address: of the account, when it has several.
    /// - Throws: ``BackendError``: `invalid_params`, `invalid_response` for what is no signature, or one of another
    ///   address than was asked.
    public func bitcoinSignMessage(
        _ text: String, scheme: BitcoinMessageScheme = .ecdsa, address: String? = nil, account: String? = nil,
        on chain: ChainID, for target: ConnectionTarget, options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SignedBitcoinMessage {
        try Self.require("bip122", chain)
        guard !text.isEmpty else { throw BackendError(.invalidParams, "the message is empty", field: "message") }
        let party = try await party(target, chain, "signMessage", address: account, field: "account")
        let params = JSON.object(omittingNil: [
            "account": .string(party.account.address), "message": .string(text),
            "address": address.map { .string($0) }, "protocol": .string(scheme.rawValue),
        ])
        let (signed, call) = try await ask("signMessage", params, chain, party.target, options) {
            result -> (address: String, signature: String)? in
            guard let signer = result["address"]?.string, let signature = result["signature"]?.string,
                !signature.isEmpty, signature.utf8.count <= Self.signatureDigitsMax,
                address == nil || signer == address
            else { return nil }
            return (signer, signature)
        }
        return SignedBitcoinMessage(
            address: signed.address, signature: signed.signature, requestID: call.id ?? 0)
    }

    // MARK: Shapes

    /// "psbt" and 0xff: [BIP-174](https://github.com/bitcoin/bips/blob/master/bip-0174.mediawiki).
    private static var psbtMagic: [UInt8] { [0x70, 0x73, 0x62, 0x74, 0xFF] }
    /// Letters of a signature; the longest witness of one key is far below.
    private static var signatureDigitsMax: Int { 4096 }
    /// Letters of an address: Bech32's own limit.
    private static var addressBytesMax: Int { 90 }

    private static func isAddress(_ text: String) -> Bool {
        (14...addressBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            }
    }

    private static func checkAddress(_ text: String, _ field: String) throws(BackendError) {
        guard isAddress(text) else { throw BackendError(.invalidParams, "it is no address", field: field) }
    }

    private static func txid(_ json: JSON?) -> String? {
        guard let text = json?.string, text.utf8.count == 64, (try? Hex.decode(text)) != nil else { return nil }
        return text
    }
}

/// A payment that a wallet of Bitcoin's kind is asked for.
public struct BitcoinTransfer: Sendable, Hashable {
    /// Who is paid.
    public var recipient: String
    /// What is paid.
    public var satoshis: UInt64
    /// Who pays; nil is the session's first account.
    public var account: String?
    /// Where the rest goes; nil is the wallet's choice.
    public var changeAddress: String?
    /// Bytes to write into the transaction.
    public var memo: [UInt8]?

    /// A payment.
    public init(
        to recipient: String, satoshis: UInt64, account: String? = nil, changeAddress: String? = nil,
        memo: [UInt8]? = nil
    ) {
        self.recipient = recipient
        self.satoshis = satoshis
        self.account = account
        self.changeAddress = changeAddress
        self.memo = memo
    }
}

/// An address of an account.
public struct BitcoinAddress: Sendable, Hashable {
    /// The address.
    public let address: String
    /// Its key in digits, when the wallet gave it.
    public let publicKey: String?
    /// Its path of derivation, when the wallet gave it.
    public let path: String?
    /// What it is for, such as `payment` or `ordinal`.
    public let intention: String?
}

/// An input to sign.
public struct BitcoinInput: Sendable, Hashable {
    /// The address whose key signs.
    public var address: String
    /// Which input, 0 first.
    public var index: UInt32
    /// What the signature covers; none leaves it to the wallet.
    public var sighashTypes: [UInt8]

    /// An input.
    public init(address: String, index: UInt32, sighashTypes: [UInt8] = []) {
        self.address = address
        self.index = index
        self.sighashTypes = sighashTypes
    }

    var json: JSON {
        .object(omittingNil: [
            "address": .string(address), "index": JSON(Int64(index)),
            "sighashTypes": sighashTypes.isEmpty ? nil : .array(sighashTypes.map { JSON(Int64($0)) }),
        ])
    }
}

/// A PSBT that a wallet signed.
public struct SignedPSBT: Sendable, Hashable {
    /// The PSBT with the wallet's signatures.
    public let psbt: [UInt8]
    /// The transaction's id, when the wallet sent it.
    public let txid: String?
    /// The request, for ``WalletConnectBackend/status(of:)``.
    public let requestID: Int64
}

/// How a text is signed.
public enum BitcoinMessageScheme: String, Sendable, Hashable, CaseIterable {
    /// The old form, of one key.
    case ecdsa
    /// [BIP-322](https://github.com/bitcoin/bips/blob/master/bip-0322.mediawiki).
    case bip322
}

/// A text that a wallet signed.
public struct SignedBitcoinMessage: Sendable, Hashable {
    /// The address whose key signed, in the wallet's words.
    public let address: String
    /// The signature, in the scheme's own text form.
    public let signature: String
    /// The request, for ``WalletConnectBackend/status(of:)``.
    public let requestID: Int64
}
