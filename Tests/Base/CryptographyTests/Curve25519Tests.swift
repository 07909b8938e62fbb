import Cryptography
import Foundation
import Primitives
import Testing

/// [RFC 8032](https://www.rfc-editor.org/rfc/rfc8032), section 7.1.
struct Ed25519Tests {
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                + "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ])
    func `signatures are those of the RFC`(seed: String, point: String, message: String, signature: String) throws {
        let key = try Ed25519.PrivateKey(seed: secret(seed))
        #expect(key.publicKey.description == point)
        #expect(Hex.encode(key.sign(bytes(message))) == signature)
        #expect(Ed25519.verify(bytes(signature), message: bytes(message), publicKey: key.publicKey))
        #expect(key.withSeed { $0.hex } == seed)
        try Ed25519.confirm(bytes(signature), message: bytes(message), signer: key.publicKey)
    }

    @Test func `one wrong bit in the signature or the message is noticed by both implementations`() throws {
        let key = try Ed25519.PrivateKey(seed: .random(count: 32))
        let message: [UInt8] = [1, 2, 3]
        let signature = key.sign(message)
        for wrong in damaged(signature) {
            #expect(!Ed25519.verify(wrong, message: message, publicKey: key.publicKey))
            #expect(throws: KeyError.signatureMismatch) {
                try Ed25519.confirm(wrong, message: message, signer: key.publicKey)
            }
        }
        for wrong in damaged(message) {
            #expect(!Ed25519.verify(signature, message: wrong, publicKey: key.publicKey))
        }
    }

    @Test func `an S above the group order is refused`() throws {
        let key = try Ed25519.PrivateKey(seed: .random(count: 32))
        let signature = key.sign([5])
        // The order, little-endian: adding it to S gives the same number modulo the order.
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var twin = signature
        var carry = 0
        for index in 0..<32 {
            carry += Int(signature[32 + index]) + Int(order[index])
            twin[32 + index] = UInt8(carry & 0xff)
            carry >>= 8
        }
        #expect(!Ed25519.verify(twin, message: [5], publicKey: key.publicKey))
    }

    @Test func `a key of small order verifies nothing`() throws {
        // The neutral element as key and as R, with S zero, is a signature of every message where this is not checked.
        let neutral = [1] + [UInt8](repeating: 0, count: 31)
        let key = try Ed25519.PublicKey(bytes: neutral)
        #expect(!Ed25519.verify(neutral + [UInt8](repeating: 0, count: 32), message: [1], publicKey: key))
    }

    @Test func `other lengths are refused`() {
        #expect(throws: KeyError.wrongLength(expected: 32, actual: 31)) {
            try Ed25519.PublicKey(bytes: [UInt8](repeating: 0, count: 31))
        }
        #expect(throws: KeyError.wrongLength(expected: 32, actual: 33)) {
            try Ed25519.PrivateKey(seed: SecretBytes(copying: [UInt8](repeating: 0, count: 33)))
        }
    }
}

/// [RFC 7748](https://www.rfc-editor.org/rfc/rfc7748), section 5.2.
struct X25519Tests {
    @Test func `the first vector of the RFC`() throws {
        let key = try X25519.PrivateKey(
            secret: secret("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"))
        let other = try X25519.PublicKey(
            bytes: bytes("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"))
        #expect(
            try key.sharedSecret(with: other).hex()
                == "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
    }

    @Test func `the iterated vectors of the RFC, once and a thousand times`() throws {
        var scalar = [9] + [UInt8](repeating: 0, count: 31)
        var point = scalar
        for iteration in 1...1000 {
            let key = try X25519.PrivateKey(secret: SecretBytes(copying: scalar))
            let result = bytes(try key.sharedSecret(with: X25519.PublicKey(bytes: point)).hex())
            (scalar, point) = (result, scalar)
            if iteration == 1 {
                #expect(
                    Hex.encode(scalar) == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
            }
        }
        #expect(Hex.encode(scalar) == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")
    }

    @Test func `a key in a small subgroup agrees on nothing`() throws {
        let key = try X25519.PrivateKey(secret: .random(count: 32))
        for first in [UInt8(0), 1] {
            let weak = try X25519.PublicKey(bytes: [first] + [UInt8](repeating: 0, count: 31))
            #expect(throws: KeyError.weakSharedSecret) { _ = try key.sharedSecret(with: weak) }
        }
    }

    @Test func `other lengths are refused`() {
        #expect(throws: KeyError.wrongLength(expected: 32, actual: 0)) { try X25519.PublicKey(bytes: []) }
        #expect(throws: KeyError.wrongLength(expected: 32, actual: 1)) { try X25519.PrivateKey(secret: secret("00")) }
    }
}

@Suite(.enabled(if: Published.exists("walletconnect/crypto.json"), "the published vectors are not here"))
struct KeyAgreementVectorTests {
    @Test func `published agreements give the published keys`() throws {
        let vectors = try Published.object("walletconnect/crypto.json")["key_agreement"] as! [[String: Any]]
        #expect(vectors.count >= 3)
        for vector in vectors {
            guard let own = vector["self_private"] as? String, let other = vector["peer_public"] as? String else {
                continue
            }
            let key = try X25519.PrivateKey(secret: secret(own))
            if let point = vector["self_public"] as? String { #expect(key.publicKey.description == point) }
            let shared = try key.sharedSecret(with: X25519.PublicKey(bytes: bytes(other)))
            if let expected = vector["x25519_shared"] as? String { #expect(shared.hex() == expected) }
            let derived = HKDF.sha256(ikm: shared, count: 32)
            if let expected = vector["sym_key"] as? String { #expect(derived.hex() == expected) }
            if let topic = vector["topic"] as? String { #expect(SHA2.sha256(bytes(derived.hex())).hex == topic) }
        }
    }

    @Test func `published envelopes are sealed to the bit and opened`() throws {
        let object = try Published.object("walletconnect/crypto.json")
        var checked = 0
        for vector in object["envelopes"] as! [[String: Any]] {
            guard let key = vector["sym_key"] as? String, let nonce = vector["iv"] as? String,
                let plaintext = vector["plaintext"] as? String, let sealed = vector["sealed_hex"] as? String
            else { continue }
            let result = try ChaChaPoly.seal(Array(plaintext.utf8), key: secret(key), nonce: bytes(nonce))
            #expect(Hex.encode(result) == sealed)
            #expect(
                try ChaChaPoly.open(bytes(sealed), key: secret(key), nonce: bytes(nonce)) == Array(plaintext.utf8))
            checked += 1
        }
        for vector in object["chachapoly_raw"] as! [[String: Any]] {
            let nonce = Array((vector["nonce_utf8"] as! String).utf8)
            let whole = try Base64.decode(vector["nonce_ct_tag_base64"] as! String)
            #expect(Array(whole.prefix(12)) == nonce)
            let plaintext = try ChaChaPoly.open(
                Array(whole.dropFirst(12)), key: secret(vector["sym_key"] as! String), nonce: nonce)
            #expect(String(decoding: plaintext, as: UTF8.self) == vector["plaintext"] as! String)
            checked += 1
        }
        #expect(checked >= 2)
    }
}
