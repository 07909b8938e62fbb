package import Primitives

/// The bytes of a record: a version, secrets as they are, then up to two JSON texts.
///
/// `01 | number of secrets | 32 bytes each | length of the state (4 bytes, big-endian) | state | body`. Secrets stand in
/// front as bytes so that they are never text; the body of a session stands apart so that thousands are restored without
/// reading it.
struct RecordText: ~Copyable {
    static let version: UInt8 = 1
    static let secretBytes = 32
    /// More secrets than any record has.
    static let secretsMax: UInt8 = 4
    static var limits: JSONLimits { .walletConnectRecord }

    private let value: [UInt8]
    private let secretCount: Int
    let state: JSON
    private let bodyStart: Int

    /// Reads a record; nil when it is not one.
    init?(_ value: [UInt8]) {
        guard value.count >= 6, value[0] == Self.version, value[1] <= Self.secretsMax else { return nil }
        let secretCount = Int(value[1])
        let lengthStart = 2 + secretCount * Self.secretBytes
        guard value.count >= lengthStart + 4 else { return nil }
        let length = value[lengthStart..<lengthStart + 4].reduce(0) { $0 << 8 | Int($1) }
        let stateStart = lengthStart + 4
        guard length <= value.count - stateStart else { return nil }
        guard let state = try? JSON.parse(Array(value[stateStart..<stateStart + length]), limits: Self.limits)
        else { return nil }
        self.value = value
        self.secretCount = secretCount
        self.state = state
        bodyStart = stateStart + length
    }

    /// The body's bytes; empty when there is none.
    var body: [UInt8] { Array(value[bodyStart...]) }

    /// The secret at a place, as a topic's key.
    func symmetricKey(_ index: Int) -> SymmetricKey? {
        guard index < secretCount else { return nil }
        return try? SymmetricKey(SecretBytes(copying: secret(index)))
    }

    /// The secret at a place, as a key pair.
    func agreementKey(_ index: Int) -> AgreementKey? {
        guard index < secretCount else { return nil }
        let bytes = SecretBytes(copying: secret(index))
        return try? AgreementKey(bytes)
    }

    private func secret(_ index: Int) -> [UInt8] {
        let start = 2 + index * Self.secretBytes
        return Array(value[start..<start + Self.secretBytes])
    }
}

/// Writes the bytes of a record.
struct RecordWriter {
    private var secrets: [UInt8] = []
    private var secretCount: UInt8 = 0

    mutating func add(_ key: SymmetricKey) {
        key.withBytes { append($0) }
    }

    mutating func add(_ key: AgreementKey) {
        key.withSecret { append($0) }
    }

    func value(state: JSON, body: [UInt8] = []) -> [UInt8] {
        let state = state.serialized()
        var value: [UInt8] = []
        value.reserveCapacity(6 + secrets.count + state.count + body.count)
        value.append(RecordText.version)
        value.append(secretCount)
        value.append(contentsOf: secrets)
        for shift in [24, 16, 8, 0] { value.append(UInt8(truncatingIfNeeded: state.count >> shift)) }
        value.append(contentsOf: state)
        value.append(contentsOf: body)
        return value
    }

    private mutating func append(_ bytes: RawSpan) {
        for index in 0..<bytes.byteCount {
            // The load checks the bound, and every bit pattern is a byte.
            secrets.append(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
        }
        secretCount += 1
    }
}

extension JSONLimits {
    /// What is read of a record, a client's or a backend's: more in every respect than of a message.
    ///
    /// A record has a message's parts and more, and a peer must not make one that is written and cannot be read.
    package static let walletConnectRecord = JSONLimits(
        bytesMax: 4 << 20, depthMax: 96, keysPerObjectMax: 4_096, valuesMax: 200_000, stringBytesMax: 1 << 20)
}
