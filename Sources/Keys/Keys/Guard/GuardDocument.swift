import Cryptography
import Primitives

/// A guard's history as one JSON document, version 1.
///
/// ```json
/// {"version": 1, "exported_at": "2026-11-20T12:00:00.000Z", "lanes": [
///   {"lane": "eip155:1/0x…", "low": 6, "high": null, "enabled": true, "slots": [
///     {"position": 7, "frozen": false, "payloads": [
///       {"digest": "0x…", "intent": "0x…", "purpose": "payout", "signer": "0x02…",
///        "max_fee_per_gas": "30000000000", "max_priority_fee_per_gas": "1000000000",
///        "recorded_at": "2026-11-20T11:59:58.120Z", "signature": "0x…"}]}]}]}
/// ```
/// Hashes are 32 bytes, signers 33, signatures 65 (r, s, recovery id), all in hex with `0x`; fees are wei in decimal.
/// `low`, `high` and `signature` may be null or missing. Payloads stand in the order in which they were let through.
struct GuardDocument: Sendable {
    static let version: Int64 = 1

    struct Lane: Sendable {
        var name: String
        var bounds: GuardRules.Lane
        var slots: [Slot]
    }

    struct Slot: Sendable {
        var position: Int64
        var isFrozen: Bool
        var payloads: [GuardPayload]
    }

    var lanes: [Lane]

    // MARK: Writing

    func json(exportedAt: Timestamp) -> JSON {
        [
            "version": JSON(Self.version), "exported_at": .string(exportedAt.rfc3339),
            "lanes": .array(
                lanes.map { lane in
                    [
                        "lane": .string(lane.name), "low": lane.bounds.low.map { JSON($0) } ?? .null,
                        "high": lane.bounds.high.map { JSON($0) } ?? .null, "enabled": JSON(lane.bounds.isEnabled),
                        "slots": .array(lane.slots.map(Self.json)),
                    ]
                }),
        ]
    }

    private static func json(_ slot: Slot) -> JSON {
        [
            "position": JSON(slot.position), "frozen": JSON(slot.isFrozen),
            "payloads": .array(slot.payloads.map(json)),
        ]
    }

    private static func json(_ payload: GuardPayload) -> JSON {
        .object(omittingNil: [
            "digest": .string(payload.digest.description), "intent": .string(payload.intent.description),
            "purpose": .string(payload.purpose.rawValue), "signer": .string(Hex.encodePrefixed(payload.signer)),
            "max_fee_per_gas": .string(payload.maxFeePerGas.description),
            "max_priority_fee_per_gas": .string(payload.maxPriorityFeePerGas.description),
            "recorded_at": .string(payload.recordedAt.rfc3339),
            "signature": payload.signature.map { .string($0.guardForm.description) },
        ])
    }

    // MARK: Reading

    init(lanes: [Lane]) {
        self.lanes = lanes
    }

    /// - Throws: code `invalidInput`, with the place that is wrong; `badSignature` for a signature that is not the
    ///   signer's.
    init(_ json: JSON) throws(KeyError) {
        guard json["version"]?.int == Self.version else { throw Self.invalid("version", "is not \(Self.version)") }
        lanes = []
        var names: Set<String> = []
        for (index, lane) in try Self.elements(json, "lanes", "").enumerated() {
            let parsed = try Self.lane(lane, "lanes[\(index)]")
            guard names.insert(parsed.name).inserted else { throw Self.invalid("lanes[\(index)].lane", "comes twice") }
            lanes.append(parsed)
        }
    }

    private static func lane(_ json: JSON, _ path: String) throws(KeyError) -> Lane {
        guard let name = json["lane"]?.string, 1...SigningGuard.laneBytesMax ~= name.utf8.count else {
            throw invalid("\(path).lane", "is no lane's name")
        }
        guard let isEnabled = json["enabled"]?.bool else { throw invalid("\(path).enabled", "is no boolean") }
        var slots: [Slot] = []
        var positions: Set<Int64> = []
        for (index, slot) in try elements(json, "slots", path).enumerated() {
            let parsed = try self.slot(slot, "\(path).slots[\(index)]")
            guard positions.insert(parsed.position).inserted else {
                throw invalid("\(path).slots[\(index)].position", "comes twice")
            }
            slots.append(parsed)
        }
        return Lane(
            name: name,
            bounds: GuardRules.Lane(
                low: try bound(json, "low", path), high: try bound(json, "high", path), isEnabled: isEnabled),
            slots: slots)
    }

    private static func slot(_ json: JSON, _ path: String) throws(KeyError) -> Slot {
        guard let position = json["position"]?.int, position >= 0 else {
            throw invalid("\(path).position", "is no position")
        }
        guard let isFrozen = json["frozen"]?.bool else { throw invalid("\(path).frozen", "is no boolean") }
        var payloads: [GuardPayload] = []
        for (index, payload) in try elements(json, "payloads", path).enumerated() {
            payloads.append(try self.payload(payload, "\(path).payloads[\(index)]"))
        }
        guard !payloads.isEmpty else { throw invalid("\(path).payloads", "is empty: a slot has a first payload") }
        return Slot(position: position, isFrozen: isFrozen, payloads: payloads)
    }

    private static func payload(_ json: JSON, _ path: String) throws(KeyError) -> GuardPayload {
        guard let purpose = json["purpose"]?.string.flatMap(SigningRequest.Purpose.init(rawValue:)) else {
            throw invalid("\(path).purpose", "is no purpose")
        }
        guard let recordedAt = json["recorded_at"]?.string.flatMap({ try? Timestamp(rfc3339: $0) }) else {
            throw invalid("\(path).recorded_at", "is no time")
        }
        let digest = try hash(json, "digest", path)
        let signer = try bytes(json, "signer", path)
        guard let key = try? Secp256k1.PublicKey(bytes: signer), key.compressed == signer else {
            throw invalid("\(path).signer", "is no compressed public key")
        }
        var signature: Secp256k1.Signature?
        if let member = json["signature"], !member.isNull {
            let form = GuardSignature(try bytes(json, "signature", path))
            guard let parsed = form.flatMap({ Secp256k1.Signature($0) }),
                (try? Secp256k1.confirm(parsed, digest: digest, signer: key)) != nil
            else {
                throw KeyError(.badSignature, "\(path).signature is not the signer's over the digest")
            }
            signature = parsed
        }
        return GuardPayload(
            digest: digest, intent: try hash(json, "intent", path), purpose: purpose, signer: signer,
            maxFeePerGas: try wei(json, "max_fee_per_gas", path),
            maxPriorityFeePerGas: try wei(json, "max_priority_fee_per_gas", path), recordedAt: recordedAt,
            signature: signature)
    }

    private static func elements(_ json: JSON, _ name: String, _ path: String) throws(KeyError) -> [JSON] {
        guard let elements = json[name]?.array else { throw invalid("\(path).\(name)", "is no array") }
        return elements
    }

    private static func bound(_ json: JSON, _ name: String, _ path: String) throws(KeyError) -> Int64? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let number = member.int else { throw invalid("\(path).\(name)", "is no integer") }
        return number
    }

    private static func wei(_ json: JSON, _ name: String, _ path: String) throws(KeyError) -> UInt256 {
        guard let number = json[name]?.string.flatMap({ try? UInt256(decimal: $0) }) else {
            throw invalid("\(path).\(name)", "is no amount")
        }
        return number
    }

    private static func hash(_ json: JSON, _ name: String, _ path: String) throws(KeyError) -> Hash32 {
        guard let hash = Hash32(try bytes(json, name, path)) else {
            throw invalid("\(path).\(name)", "is not 32 bytes")
        }
        return hash
    }

    private static func bytes(_ json: JSON, _ name: String, _ path: String) throws(KeyError) -> [UInt8] {
        guard let bytes = json[name]?.string.flatMap({ try? Hex.decodePrefixed($0) }) else {
            throw invalid("\(path).\(name)", "is no hex with 0x")
        }
        return bytes
    }

    private static func invalid(_ path: String, _ what: String) -> KeyError {
        KeyError(.invalidInput, "guard history: \(path) \(what)")
    }
}
