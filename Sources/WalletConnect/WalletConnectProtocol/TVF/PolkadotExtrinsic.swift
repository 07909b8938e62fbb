import Primitives

/// The hash of a Polkadot extrinsic, put together from what was to be signed and the signature.
///
/// ```
/// compact(length) ‖ 84 ‖ 00 ‖ public key ‖ 01 ‖ signature ‖ era ‖ nonce ‖ tip ‖ mode ‖ method
/// ```
///
/// 84 is version 4 with a signature, 00 an account by its key, 01 the scheme sr25519. The official JavaScript client
/// leaves the mode out and writes the nonce as plain bytes, so its hash is right for few extrinsics; this one is what
/// the chain computes.
///
/// Standard: [Polkadot specification](https://spec.polkadot.network/id-extrinsics), appendix on extrinsics.
enum PolkadotExtrinsic {
    /// The BLAKE2b-256 of the extrinsic as hex digits without `0x`; nil for what cannot be read.
    ///
    /// - Parameters:
    ///   - params: the request's: `{"address": …, "transactionPayload": {…}}`.
    ///   - result: the answer's: `{"signature": hex}`.
    static func hash(params: JSON, result: JSON) -> String? {
        bytes(params: params, result: result).map { Hex.encode(BLAKE2b.hash($0, byteCount: 32)) }
    }

    /// The extrinsic; nil for what cannot be read.
    static func bytes(params: JSON, result: JSON) -> [UInt8]? {
        guard let payload = params["transactionPayload"] ?? params["payload"],
            let address = params["address"]?.string ?? payload["address"]?.string, let key = publicKey(of: address),
            let signature = result["signature"].flatMap(hex), let era = payload["era"].flatMap(hex),
            let nonce = payload["nonce"].flatMap(compact), let tip = payload["tip"].flatMap(compact),
            let method = payload["method"].flatMap(hex), let scheme = schemed(signature)
        else { return nil }
        // Signed extensions of older runtimes have no mode.
        let mode = payload["mode"].flatMap(byte) ?? []
        let body = [0x84, 0x00] + key + scheme + era + nonce + tip + mode + method
        return compact(UInt128(body.count)) + body
    }

    /// The 32 bytes in an SS58 address: a prefix of one or two bytes, the key, a checksum of two.
    ///
    /// Standard: [SS58](https://docs.polkadot.com/polkadot-protocol/parachain-basics/accounts/#ss58-address-format).
    static func publicKey(of address: String) -> [UInt8]? {
        guard let bytes = try? Base58.decode(address, charactersMax: 64), let first = bytes.first else { return nil }
        let prefixCount = first & 0x40 == 0 ? 1 : 2
        guard bytes.count == prefixCount + 32 + 2 else { return nil }
        let checksum = BLAKE2b.hash(Array("SS58PRE".utf8) + bytes.dropLast(2), byteCount: 64).prefix(2)
        guard checksum.elementsEqual(bytes.suffix(2)) else { return nil }
        return Array(bytes[prefixCount..<prefixCount + 32])
    }

    /// SCALE's compact form of a number: the two lowest bits say how many bytes there are.
    static func compact(_ number: UInt128) -> [UInt8] {
        func little(_ value: UInt128, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt128(8 * $0)) }
        }
        if number < 1 << 6 { return little(number << 2, 1) }
        if number < 1 << 14 { return little(number << 2 | 1, 2) }
        if number < 1 << 30 { return little(number << 2 | 2, 4) }
        let count = max(4, (128 - number.leadingZeroBitCount + 7) / 8)
        return [UInt8((count - 4) << 2 | 3)] + little(number, count)
    }

    /// A signature with the byte of its scheme in front: sr25519 unless it has one.
    private static func schemed(_ signature: [UInt8]) -> [UInt8]? {
        switch signature.count {
        case 64: [0x01] + signature
        // 00 is ed25519, 01 sr25519.
        case 65 where signature[0] < 2: signature
        // 02 is ECDSA, with its recovery byte.
        case 66 where signature[0] == 2: signature
        default: nil
        }
    }

    /// A number in compact form: `0x00000006` and plain JSON numbers are numbers, hex digits without `0x` are its bytes
    /// already.
    private static func compact(_ value: JSON) -> [UInt8]? {
        if let number = value.uint64 { return compact(UInt128(number)) }
        guard let text = value.string, text.utf8.count <= 34 else { return nil }
        guard text.hasPrefix("0x") else { return hex(value) }
        return UInt128(text.dropFirst(2), radix: 16).map { compact($0) }
    }

    /// The mode of metadata verification: one byte, as hex digits or a number.
    private static func byte(_ value: JSON) -> [UInt8]? {
        if let number = value.uint64 { return UInt8(exactly: number).map { [$0] } }
        return hex(value).flatMap { $0.count == 1 ? $0 : nil }
    }

    private static func hex(_ value: JSON) -> [UInt8]? {
        guard let text = value.string, text.utf8.count <= TransactionHashes.transactionBytesMax else { return nil }
        return try? Hex.decode(text)
    }
}
