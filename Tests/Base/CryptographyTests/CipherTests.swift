import Cryptography
import Primitives
import Testing

/// [RFC 8439](https://www.rfc-editor.org/rfc/rfc8439), section 2.8.2.
struct ChaChaPolyTests {
    private let key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
    private let nonce = bytes("070000004041424344454647")
    private let additional = bytes("50515253c0c1c2c3c4c5c6c7")
    private let plaintext = Array(
        ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
            + "sunscreen would be it.").utf8)
    private let sealed = bytes(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
            + "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            + "3ff4def08e4b7a9de576d26586cec64b6116" + "1ae10b594f09e26a7e902ecbd0600691")

    @Test func `the vector of the RFC is sealed to the bit and opened`() throws {
        #expect(
            try ChaChaPoly.seal(plaintext, key: secret(key), nonce: nonce, authenticating: additional) == sealed)
        #expect(try ChaChaPoly.open(sealed, key: secret(key), nonce: nonce, authenticating: additional) == plaintext)
        let opened = try ChaChaPoly.openSecret(sealed, key: secret(key), nonce: nonce, authenticating: additional)
        #expect(opened.isEqual(to: plaintext) == true)
    }

    @Test func `anything that was changed is refused`() {
        for wrong in damaged(sealed) {
            let expected: SealError = wrong.count < 16 ? .tooShort : .notAuthentic
            #expect(throws: expected) {
                try ChaChaPoly.open(wrong, key: secret(key), nonce: nonce, authenticating: additional)
            }
            #expect(throws: expected) {
                _ = try ChaChaPoly.openSecret(wrong, key: secret(key), nonce: nonce, authenticating: additional)
            }
        }
        for wrong in damaged(additional) {
            #expect(throws: SealError.notAuthentic) {
                try ChaChaPoly.open(sealed, key: secret(key), nonce: nonce, authenticating: wrong)
            }
        }
        for wrong in damaged(nonce) {
            let expected: SealError = wrong.count == 12 ? .notAuthentic : .wrongNonceLength(actual: wrong.count)
            #expect(throws: expected) {
                try ChaChaPoly.open(sealed, key: secret(key), nonce: wrong, authenticating: additional)
            }
        }
    }

    @Test func `other lengths of key and nonce are refused`() {
        #expect(throws: SealError.wrongKeyLength(actual: 16)) {
            try ChaChaPoly.seal([], key: .random(count: 16), nonce: nonce)
        }
        #expect(throws: SealError.wrongNonceLength(actual: 24)) {
            try ChaChaPoly.seal([], key: .random(count: 32), nonce: nonce + nonce)
        }
    }

    @Test(arguments: [0, 1, 15, 16, 17, 63, 64, 65, 1000])
    func `what was sealed opens, for every kind of length`(count: Int) throws {
        let key = SecretBytes.random(count: 32)
        let plaintext = [UInt8](repeating: 0x5a, count: count)
        let sealed = try ChaChaPoly.seal(plaintext, key: key, nonce: nonce)
        #expect(sealed.count == count + 16)
        #expect(try ChaChaPoly.open(sealed, key: key, nonce: nonce) == plaintext)
        #expect(try ChaChaPoly.openSecret(sealed, key: key, nonce: nonce).isEqual(to: plaintext) == true)
    }
}

/// Test cases 13, 14 and 16 of the [GCM submission](https://csrc.nist.rip/groups/ST/toolkit/BCM/documents/proposedmodes/gcm/gcm-revised-spec.pdf).
struct AESGCMTests {
    private let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    private let nonce = bytes("cafebabefacedbaddecaf888")
    private let additional = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    private let plaintext = bytes(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    private let sealed = bytes(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b")

    @Test func `the case with additional data is sealed to the bit and opened`() throws {
        #expect(try AESGCM.seal(plaintext, key: secret(key), nonce: nonce, authenticating: additional) == sealed)
        #expect(try AESGCM.open(sealed, key: secret(key), nonce: nonce, authenticating: additional) == plaintext)
        let opened = try AESGCM.openSecret(sealed, key: secret(key), nonce: nonce, authenticating: additional)
        #expect(opened.isEqual(to: plaintext) == true)
    }

    @Test(arguments: [
        ("", "530f8afbc74536b9a963b4f1c4cb738b"),
        (
            "00000000000000000000000000000000",
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        ),
    ])
    func `the cases with zeros are sealed to the bit`(plaintext: String, sealed: String) throws {
        let key = SecretBytes(copying: [UInt8](repeating: 0, count: 32))
        let nonce = [UInt8](repeating: 0, count: 12)
        #expect(Hex.encode(try AESGCM.seal(bytes(plaintext), key: key, nonce: nonce)) == sealed)
        #expect(try AESGCM.openSecret(bytes(sealed), key: key, nonce: nonce).isEqual(to: bytes(plaintext)) == true)
    }

    @Test func `anything that was changed is refused`() {
        for wrong in damaged(sealed) {
            let expected: SealError = wrong.count < 16 ? .tooShort : .notAuthentic
            #expect(throws: expected) {
                try AESGCM.open(wrong, key: secret(key), nonce: nonce, authenticating: additional)
            }
        }
        for wrong in damaged(additional) {
            #expect(throws: SealError.notAuthentic) {
                _ = try AESGCM.openSecret(sealed, key: secret(key), nonce: nonce, authenticating: wrong)
            }
        }
        #expect(throws: SealError.notAuthentic) {
            try AESGCM.open(sealed, key: .random(count: 32), nonce: nonce, authenticating: additional)
        }
    }

    @Test func `other lengths of key and nonce are refused`() {
        #expect(throws: SealError.wrongKeyLength(actual: 16)) {
            try AESGCM.seal([], key: .random(count: 16), nonce: nonce)
        }
        #expect(throws: SealError.wrongNonceLength(actual: 0)) {
            try AESGCM.open(sealed, key: .random(count: 32), nonce: [])
        }
    }
}

struct Argon2idTests {
    // RFC 9106's own vector has four lanes and libsodium has one. These were computed with OpenSSL's implementation, one lane.
    @Test(arguments: [
        (
            "70617373776f7264", "000102030405060708090a0b0c0d0e0f", 1, 8,
            "3a008963c65f7ffa7331a90babd1fd17ea9f03bd05356b857ceb43f7b7080adc"
        ),
        (
            "70617373776f7264", "000102030405060708090a0b0c0d0e0f", 3, 256,
            "51b96d13b2e1a0d23f265e7946caf9fc599b0138ed6ddc78e078554dfbef5c18"
        ),
        ("", "00000000000000000000000000000000", 2, 64, "9f7e7f05004ce79ee6eed997f37c1afd"),
        (
            "00ff", "ffffffffffffffffffffffffffffffff", 4, 1024,
            "b4e119217237aff303cad4700a7b1c6610af4eded14f5f51472d8756695db45b"
                + "4e68368f717decdb3022d807dd45a233e863faa914801ff9830f8827e09ca874"
        ),
    ])
    func `known answers with one lane`(passphrase: String, salt: String, passes: Int, kib: Int, key: String) throws {
        let derived = try Argon2id.derive(
            passphrase: secret(passphrase), salt: bytes(salt), opsLimit: passes, memLimitBytes: kib * 1024,
            count: key.count / 2)
        #expect(derived.hex() == key)
    }

    @Test func `the interactive preset is 19 MiB and two passes`() throws {
        let derived = try Argon2id.derive(
            passphrase: secret(text: "correct horse battery staple"), salt: Array("somesaltsomesalt".utf8),
            cost: .interactive, count: 32)
        #expect(derived.hex() == "2123bb924bc5ce1d7d18cf2a07ba5ab4ddc2dd8f471ec8e55537c467d4fad346")
    }

    @Test func `the presets cost what they say`() {
        #expect(Argon2id.Cost.unlockSlot.opsLimit == 3)
        #expect(Argon2id.Cost.unlockSlot.memoryBytes == 64 * 1024 * 1024)
        #expect(Argon2id.Cost.hardened.opsLimit == 4)
        #expect(Argon2id.Cost.hardened.memoryBytes == 256 * 1024 * 1024)
    }

    @Test func `costs outside the caps are refused before any work`() {
        #expect(throws: Argon2Error.costTooHigh) { try Argon2id.Cost(opsLimit: 3, memoryBytes: (1 << 30) + 1) }
        #expect(throws: Argon2Error.costTooHigh) { try Argon2id.Cost(opsLimit: .max, memoryBytes: 8192) }
        #expect(throws: Argon2Error.costTooLow) { try Argon2id.Cost(opsLimit: 0, memoryBytes: 8192) }
        #expect(throws: Argon2Error.costTooLow) { try Argon2id.Cost(opsLimit: 1, memoryBytes: 8191) }
        #expect(throws: Argon2Error.costTooLow) { try Argon2id.Cost(opsLimit: .min, memoryBytes: .min) }
    }

    @Test func `other lengths of salt and result are refused`() {
        let cost = try! Argon2id.Cost(opsLimit: 1, memoryBytes: 8192)
        #expect(throws: Argon2Error.wrongSaltLength(actual: 8)) {
            _ = try Argon2id.derive(
                passphrase: secret("00"), salt: [UInt8](repeating: 0, count: 8), cost: cost, count: 32)
        }
        for count in [0, 15, 1025, -1] {
            #expect(throws: Argon2Error.wrongOutputLength(actual: count)) {
                _ = try Argon2id.derive(
                    passphrase: secret("00"), salt: [UInt8](repeating: 0, count: 16), cost: cost, count: count)
            }
        }
    }
}
