import Cryptography
import Primitives
import Testing

private let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
private let one = "0000000000000000000000000000000000000000000000000000000000000001"
private let generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

struct Secp256k1Tests {
    /// Known answers for RFC 6979 on this curve, which the implementations of Bitcoin share; the last is
    /// [EIP-155](https://eips.ethereum.org/EIPS/eip-155)'s example.
    @Test(arguments: [
        (
            one, SHA2.sha256(Array("Satoshi Nakamoto".utf8)).hex,
            "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
                + "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
        ),
        (
            one,
            SHA2.sha256(
                Array("All those moments will be lost in time, like tears in rain. Time to die...".utf8)
            ).hex,
            "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
                + "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"
        ),
        (
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
            SHA2.sha256(Array("Satoshi Nakamoto".utf8)).hex,
            "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0"
                + "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"
        ),
        (
            "f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181",
            SHA2.sha256(Array("Alan Turing".utf8)).hex,
            "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c"
                + "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"
        ),
        (
            "4646464646464646464646464646464646464646464646464646464646464646",
            "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53",
            "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
                + "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        ),
    ])
    func `signatures are those of RFC 6979`(key: String, digest: String, compact: String) throws {
        let key = try Secp256k1.PrivateKey(secret: secret(key))
        let digest = hash(digest)
        let signature = key.sign(digest: digest)
        #expect(Hex.encode(signature.compact) == compact)
        #expect(signature.compact == signature.r + signature.s)
        #expect(key.sign(digest: digest) == signature)
        #expect(Secp256k1.verify(signature, digest: digest, publicKey: key.publicKey))
        #expect(try Secp256k1.recover(signature, digest: digest) == key.publicKey)
        try Secp256k1.confirm(signature, digest: digest, signer: key.publicKey)
    }

    @Test func `the key one has the generator for its public key`() throws {
        let key = try Secp256k1.PrivateKey(secret: secret(one))
        #expect(Hex.encode(key.publicKey.compressed) == generator)
        #expect(key.publicKey.description == generator)
        #expect(try Secp256k1.PublicKey(bytes: key.publicKey.compressed) == key.publicKey)
        #expect(try Secp256k1.PublicKey(bytes: key.publicKey.uncompressed) == key.publicKey)
        #expect(key.withSecret { $0.hex } == one)
    }

    @Test(arguments: [String(repeating: "00", count: 32), order, String(repeating: "ff", count: 32)])
    func `a secret outside the group is refused`(hex: String) {
        #expect(throws: KeyError.invalidSecret) { try Secp256k1.PrivateKey(secret: secret(hex)) }
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func `a secret of another length is refused`(count: Int) {
        #expect(throws: KeyError.wrongLength(expected: 32, actual: count)) {
            try Secp256k1.PrivateKey(secret: SecretBytes(copying: [UInt8](repeating: 1, count: count)))
        }
    }

    @Test func `new keys differ`() {
        #expect(Secp256k1.PrivateKey().publicKey != Secp256k1.PrivateKey().publicKey)
    }

    @Test func `damaged public keys are refused or are other keys`() throws {
        let key = Secp256k1.PrivateKey().publicKey
        for form in [key.compressed, key.uncompressed] {
            for wrong in damaged(form) {
                let read = try? Secp256k1.PublicKey(bytes: wrong)
                #expect(read != key)
                if form.count == 65 { #expect(read == nil) }
            }
        }
    }

    @Test func `hybrid public keys are refused`() {
        let key = Secp256k1.PrivateKey().publicKey
        let hybrid = [6 + (key.uncompressed[64] & 1)] + key.uncompressed.dropFirst()
        #expect(throws: KeyError.invalidPublicKey) { try Secp256k1.PublicKey(bytes: hybrid) }
    }

    @Test func `one wrong bit in the signature, the digest or the id is noticed`() throws {
        let key = Secp256k1.PrivateKey()
        let digest = SHA2.sha256([1, 2, 3])
        let signature = key.sign(digest: digest)
        for wrong in damaged(signature.compact) {
            guard let other = try? Secp256k1.Signature(compact: wrong, recoveryID: signature.recoveryID) else {
                continue
            }
            #expect(!Secp256k1.verify(other, digest: digest, publicKey: key.publicKey))
            #expect(throws: KeyError.signatureMismatch) {
                try Secp256k1.confirm(other, digest: digest, signer: key.publicKey)
            }
        }
        for wrong in damaged(digest.bytes) {
            guard let other = Hash32(wrong) else { continue }
            #expect(!Secp256k1.verify(signature, digest: other, publicKey: key.publicKey))
            #expect((try? Secp256k1.recover(signature, digest: other)) != key.publicKey)
        }
        let otherID = try Secp256k1.Signature(compact: signature.compact, recoveryID: signature.recoveryID ^ 1)
        #expect(Secp256k1.verify(otherID, digest: digest, publicKey: key.publicKey))
        #expect(throws: KeyError.signatureMismatch) {
            try Secp256k1.confirm(otherID, digest: digest, signer: key.publicKey)
        }
        #expect(throws: KeyError.signatureMismatch) {
            try Secp256k1.confirm(signature, digest: digest, signer: Secp256k1.PrivateKey().publicKey)
        }
    }

    @Test func `the twin with a high S is refused and a foreign one is brought down`() throws {
        let key = Secp256k1.PrivateKey()
        let digest = SHA2.sha256([7])
        let signature = key.sign(digest: digest)
        let high = try UInt256(bigEndian: bytes(order)).subtracting(UInt256(bigEndian: signature.s)).bigEndianBytes
        #expect(throws: KeyError.highS) {
            try Secp256k1.Signature(r: signature.r, s: high, recoveryID: signature.recoveryID ^ 1)
        }
        let foreign = try Secp256k1.Signature(
            foreignCompact: signature.r + high, digest: digest, signer: key.publicKey)
        #expect(foreign == signature)
        #expect(throws: KeyError.signatureMismatch) {
            try Secp256k1.Signature(
                foreignCompact: signature.r + high, digest: digest, signer: Secp256k1.PrivateKey().publicKey)
        }
    }

    @Test func `DER of a device leads back to the same signature, and damaged DER does not`() throws {
        let key = Secp256k1.PrivateKey()
        let digest = SHA2.sha256([8])
        let signature = key.sign(digest: digest)
        let der = signature.der
        #expect(der.count <= 71)
        #expect(try Secp256k1.Signature(foreignDER: der, digest: digest, signer: key.publicKey) == signature)
        for wrong in damaged(der) {
            let read = try? Secp256k1.Signature(foreignDER: wrong, digest: digest, signer: key.publicKey)
            #expect(read == nil)
        }
    }

    @Test func `numbers outside the group are no signature`() {
        let zero = [UInt8](repeating: 0, count: 32)
        let good = bytes(one)
        for (r, s) in [(zero, good), (good, zero), (bytes(order), good), (good, bytes(order)), (zero, zero)] {
            #expect(throws: KeyError.invalidSignature) { try Secp256k1.Signature(r: r, s: s, recoveryID: 0) }
        }
        #expect(throws: KeyError.invalidRecoveryID) { try Secp256k1.Signature(r: good, s: good, recoveryID: 4) }
        #expect(throws: KeyError.wrongLength(expected: 32, actual: 31)) {
            try Secp256k1.Signature(r: good.dropFirst(), s: good, recoveryID: 0)
        }
        #expect(throws: KeyError.wrongLength(expected: 64, actual: 65)) {
            try Secp256k1.Signature(compact: good + good + [0], recoveryID: 0)
        }
    }

    @Test func `an r without a point recovers nothing`() throws {
        // 5 is the smallest x without a point on this curve.
        let r = [UInt8](repeating: 0, count: 31) + [5]
        let signature = try Secp256k1.Signature(r: r, s: bytes(one), recoveryID: 0)
        #expect(throws: KeyError.recoveryFailed) { try Secp256k1.recover(signature, digest: .zero) }
    }

    @Test func `both parties reach the same secret`() throws {
        let alice = Secp256k1.PrivateKey()
        let bob = Secp256k1.PrivateKey()
        #expect(alice.sharedSecret(with: bob.publicKey).isEqual(to: bob.sharedSecret(with: alice.publicKey)) == true)
        // With the key one the shared point is the other's key.
        let key = try Secp256k1.PrivateKey(secret: secret(one))
        #expect(key.sharedSecret(with: bob.publicKey).hex() == SHA2.sha256(bob.publicKey.compressed).hex)
    }

    @Test func `a tweak moves both halves to the same place`() throws {
        let key = Secp256k1.PrivateKey()
        let tweak = SHA2.sha256([9]).bytes
        let moved = try key.tweakAdd(SecretBytes(copying: tweak))
        #expect(moved.publicKey == (try key.publicKey.tweakAdd(tweak)))
        #expect(moved.publicKey != key.publicKey)
    }

    @Test func `a tweak outside the group or to zero is refused`() throws {
        let key = try Secp256k1.PrivateKey(secret: secret(one))
        let toZero = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
        for hex in [order, toZero] {
            #expect(throws: KeyError.invalidTweak) { try key.tweakAdd(secret(hex)) }
            #expect(throws: KeyError.invalidTweak) { try key.publicKey.tweakAdd(bytes(hex)) }
        }
        #expect(throws: KeyError.wrongLength(expected: 32, actual: 2)) { try key.tweakAdd(secret("0001")) }
        #expect(throws: KeyError.wrongLength(expected: 32, actual: 2)) { try key.publicKey.tweakAdd([0, 1]) }
    }

    @Test func `a Schnorr signature verifies, and not when a bit is wrong`() throws {
        let key = Secp256k1.PrivateKey()
        let message = SHA2.sha256([1])
        let signature = try key.signSchnorr(message: message, auxiliary: [UInt8](repeating: 7, count: 32))
        let point = key.publicKey.xOnly
        #expect(Secp256k1.verifySchnorr(signature, message: message.bytes, publicKey: point))
        for wrong in damaged(signature) {
            #expect(!Secp256k1.verifySchnorr(wrong, message: message.bytes, publicKey: point))
        }
        #expect(throws: KeyError.wrongLength(expected: 32, actual: 0)) {
            try key.signSchnorr(message: message, auxiliary: [])
        }
    }

    @Test func `one key signs from many tasks at once`() async {
        let key = Secp256k1.PrivateKey()
        let good = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<64 {
                group.addTask {
                    let digest = SHA2.sha256([UInt8(index)])
                    return Secp256k1.verify(key.sign(digest: digest), digest: digest, publicKey: key.publicKey)
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(good)
    }
}

@Suite(.enabled(if: Published.exists("bitcoin/bip340_schnorr.json"), "the published vectors are not here"))
struct SchnorrVectorTests {
    @Test func `the vectors of BIP-340 verify as they say`() throws {
        let vectors = try Published.list("bitcoin/bip340_schnorr.json")
        #expect(vectors.count == 13)
        for vector in vectors {
            let key = try? Secp256k1.XOnlyPublicKey(bytes: bytes(vector["public key"]!))
            let isValid = key.map {
                Secp256k1.verifySchnorr(
                    bytes(vector["signature"]!), message: bytes(vector["message"]!), publicKey: $0)
            }
            #expect(isValid ?? false == (vector["verification result"] == "TRUE"), "vector \(vector["index"]!)")
        }
    }

    @Test func `the vectors of BIP-340 with a 32-byte message are signed to the bit`() throws {
        let vectors = try Published.list("bitcoin/bip340_schnorr.json")
            .filter { !$0["secret key"]!.isEmpty && $0["message"]!.count == 64 }
        #expect(vectors.count >= 3)
        for vector in vectors {
            let key = try Secp256k1.PrivateKey(secret: secret(vector["secret key"]!))
            #expect(key.publicKey.xOnly.bytes == bytes(vector["public key"]!))
            let signature = try key.signSchnorr(
                message: hash(vector["message"]!), auxiliary: bytes(vector["aux_rand"]!))
            #expect(signature == bytes(vector["signature"]!))
        }
    }
}
