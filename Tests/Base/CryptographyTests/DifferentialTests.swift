import Cryptography
import Foundation
import Primitives
import TestServers
import Testing

/// Thousands of random cases against Python's libraries: coincurve or eth-keys for the curve, pycryptodome for Keccak, and
/// OpenSSL (through cryptography) as a third opinion on RFC 6979.
@Suite(.enabled(if: PythonReference.isAvailable, "no Python with coincurve or eth_keys, and pycryptodome; make .venv"))
struct DifferentialTests {
    @Test func `random keys, digests and messages agree with Python`() throws {
        var random = SplitMix.printed("DifferentialTests")
        let cases = (0..<2000).map { _ in
            (
                key: random.bytes(32), other: random.bytes(32),
                message: random.bytes(Int.random(in: 0...400, using: &random))
            )
        }
        let answers = try PythonReference.answers(
            to: cases.map { "\(Hex.encode($0.key)) \(Hex.encode($0.other)) \(Hex.encode($0.message))" })
        try #require(answers.count == cases.count)
        for (given, answer) in zip(cases, answers) {
            let key = try Secp256k1.PrivateKey(secret: SecretBytes(copying: given.key))
            let other = try Secp256k1.PrivateKey(secret: SecretBytes(copying: given.other))
            let digest = Keccak256.hash(given.message)
            #expect(digest.hex == answer.digest)
            #expect(Hex.encode(key.publicKey.uncompressed) == answer.publicKey)
            let signature = key.sign(digest: digest)
            #expect(Hex.encode(signature.compact) + "0\(signature.recoveryID)" == answer.signature)
            if answer.openSSL != "-" { #expect(Hex.encode(signature.compact) == answer.openSSL) }
            #expect(Hex.encode(other.publicKey.compressed) == answer.otherPublicKey)
            let shared = key.sharedSecret(with: other.publicKey)
            if answer.shared != "-" { #expect(shared.hex() == answer.shared) }
            let sum = try key.tweakAdd(SecretBytes(copying: given.other))
            #expect(sum.withSecret { $0.hex } == answer.sum)
            try Secp256k1.confirm(signature, digest: digest, signer: key.publicKey)
        }
    }
}

/// A Python process that answers line by line.
private enum PythonReference {
    struct Answer {
        let digest, publicKey, signature, openSSL, otherPublicKey, shared, sum: String
    }

    static let isAvailable = (try? answers(to: [])) != nil

    static func answers(to questions: [String]) throws -> [Answer] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Checkout.python)
        process.arguments = ["-c", script]
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appendingPathComponent("questions")
        try Data(questions.map { $0 + "\n" }.joined().utf8).write(to: input)
        process.standardInput = try FileHandle(forReadingFrom: input)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.featureUnsupported) }
        return text.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            return Answer(
                digest: words[0], publicKey: words[1], signature: words[2], openSSL: words[3], otherPublicKey: words[4],
                shared: words[5], sum: words[6])
        }
    }

    private static let script = """
        import sys
        from Crypto.Hash import keccak
        try:
            import coincurve
        except ImportError:
            coincurve = None
            from eth_keys.backends import NativeECCBackend
            from eth_keys import keys
            backend = NativeECCBackend()
        try:
            from cryptography.hazmat.primitives.asymmetric import ec, utils
            from cryptography.hazmat.primitives import hashes
            method = ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True)
        except Exception:
            method = None
        order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141
        def curve(key, other, digest):
            if coincurve:
                k, o = coincurve.PrivateKey(key), coincurve.PrivateKey(other)
                s = k.sign_recoverable(digest, hasher=None)
                return (k.public_key.format(False), s, o.public_key.format(True), k.ecdh(o.public_key.format(True)).hex())
            k, o = keys.PrivateKey(key, backend), keys.PrivateKey(other, backend)
            s = k.sign_msg_hash(digest)
            return (b"\\x04" + k.public_key.to_bytes(), s.to_bytes(), o.public_key.to_compressed_bytes(), "-")
        for line in sys.stdin:
            words = line.rstrip("\\n").split(" ")
            key, other, message = (bytes.fromhex(w) for w in words)
            h = keccak.new(digest_bits=256)
            h.update(message)
            digest = h.digest()
            public, signature, other_public, shared = curve(key, other, digest)
            third = "-"
            if method:
                k = ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256K1())
                r, s = utils.decode_dss_signature(k.sign(digest, method))
                s = min(s, order - s)
                third = r.to_bytes(32, "big").hex() + s.to_bytes(32, "big").hex()
            total = (int.from_bytes(key, "big") + int.from_bytes(other, "big")) % order
            print(digest.hex(), public.hex(), signature.hex(), third, other_public.hex(), shared,
                  total.to_bytes(32, "big").hex())
        """
}
