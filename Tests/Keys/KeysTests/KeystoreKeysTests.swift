import Crypto
import Cryptography
import Keys
import Primitives
import Storage
import Testing

struct KeystoreKeysTests {
    @Test(arguments: Backing.allCases) func `keys of all curves sign and verify`(_ backing: Backing) async throws {
        try await withStores { stores in
            let store = try await stores.open(backing, KeysSchema.migrations)
            let keystore = try await openKeystore(store)
            try await checkVault(keystore)
            // The same from the store.
            keystore.seal()
            try await keystore.unseal(passphrase: secret("correct horse"))
            for key in try await keystore.list() { try await checkSignatures(keystore, key) }
        }
    }

    @Test func `the twin in memory does the same`() async throws {
        try await checkVault(MemoryVault(clock: .system, random: .seeded(4)))
    }

    private func checkVault(_ vault: any KeyVault) async throws {
        var made: [KeyDescription] = []
        for curve in Curve.allCases {
            let key = try await vault.create(curve, label: "a \(curve) key")
            #expect(
                (key.curve, key.label, key.backend, key.isEnabled) == (curve, "a \(curve) key", vault.backend, true))
            #expect(key.publicKey.count == curve.publicKeyBytes)
            #expect(try await vault.describe(key.id) == key)
            try await checkSignatures(vault, key)
            made.append(key)
        }
        #expect(try await vault.list() == made)
        let unknown = try #require(SortableID([UInt8](repeating: 9, count: 16)))
        #expect(await code { _ = try await vault.describe(unknown) } == .unknownKey)
        #expect(await code { _ = try await vault.sign([digest("x")], with: unknown) } == .unknownKey)
        let long = String(repeating: "x", count: 257)
        #expect(await code { _ = try await vault.create(.secp256k1, label: long) } == .invalidInput)
    }

    private func checkSignatures(_ vault: any KeyVault, _ key: KeyDescription) async throws {
        let digests = (0..<5).map { digest("payment \($0)") }
        let message = Array("a message".utf8)
        switch key.curve {
        case .secp256k1:
            let signatures = try await vault.sign(digests, with: key.id)
            #expect(signatures.count == digests.count)
            let signer = try Secp256k1.PublicKey(bytes: key.publicKey)
            for (signature, digest) in zip(signatures, digests) {
                #expect(try Secp256k1.recover(signature, digest: digest) == signer)
            }
            #expect(try await vault.sign(digests, with: key.id) == signatures)
            #expect(await code { _ = try await vault.signMessage(message, with: key.id) } == .wrongCurve)
        case .ed25519:
            let signature = try await vault.signMessage(message, with: key.id)
            #expect(Ed25519.verify(signature, message: message, publicKey: try .init(bytes: key.publicKey)))
            #expect(await code { _ = try await vault.sign(digests, with: key.id) } == .wrongCurve)
        case .p256:
            let signature = try await vault.signMessage(message, with: key.id)
            let signer = try P256.Signing.PublicKey(compressedRepresentation: key.publicKey)
            #expect(signer.isValidSignature(try .init(rawRepresentation: signature), for: message))
            #expect(await code { _ = try await vault.sign(digests, with: key.id) } == .wrongCurve)
        }
    }

    @Test func `a known secret gives the known public key`() async throws {
        let keystore = try await openKeystore(migrated(MemoryStore(), KeysSchema.migrations))
        // SEC 2: the secret one has the generator as its public key.
        let one = SecretBytes(copying: [UInt8](repeating: 0, count: 31) + [1])
        let key = try await keystore.importKey(secret: one, curve: .secp256k1, label: "one")
        #expect(
            Hex.encode(key.publicKey) == "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
        #expect(
            await code { _ = try await keystore.importKey(secret: one, curve: .secp256k1, label: "again") } == .exists)
        // RFC 8032, 7.1, test 1.
        let seed = SecretBytes(
            copying: try Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
        let ed = try await keystore.importKey(secret: seed, curve: .ed25519, label: "rfc")
        #expect(Hex.encode(ed.publicKey) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        #expect(try await keystore.list().count == 2)
    }

    @Test(arguments: Curve.allCases) func `bytes that are no secret are refused`(_ curve: Curve) async throws {
        let keystore = try await openKeystore(migrated(MemoryStore(), KeysSchema.migrations))
        var bad = [[UInt8](repeating: 1, count: 31), [UInt8](repeating: 1, count: 33), []]
        if curve != .ed25519 { bad += [[UInt8](repeating: 0, count: 32), [UInt8](repeating: 255, count: 32)] }
        for bytes in bad {
            #expect(
                await code {
                    _ = try await keystore.importKey(secret: SecretBytes(copying: bytes), curve: curve, label: "")
                } == .invalidInput)
        }
        #expect(try await keystore.list().isEmpty)
    }

    @Test func `a sealed keystore shows its keys and signs nothing`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        let keystore = try await openKeystore(store)
        let key = try await keystore.create(.secp256k1, label: "hot")
        _ = try await keystore.sign([digest("x")], with: key.id)
        keystore.seal()
        #expect(keystore.isSealed)
        #expect(await code { _ = try await keystore.sign([digest("x")], with: key.id) } == .sealed)
        #expect(await code { _ = try await keystore.signMessage([1], with: key.id) } == .sealed)
        #expect(await code { _ = try await keystore.create(.secp256k1, label: "") } == .sealed)
        let one = SecretBytes(copying: [UInt8](repeating: 0, count: 31) + [1])
        #expect(await code { _ = try await keystore.importKey(secret: one, curve: .secp256k1, label: "") } == .sealed)
        #expect(await code { _ = try await keystore.rotate() } == .sealed)
        #expect(await code { _ = try await keystore.rewrapPending(limit: 1) } == .sealed)
        #expect(
            await code { try await keystore.addSlot("x", passphrase: secret("passphrase"), cost: cheap) } == .sealed)
        #expect(await code { try await keystore.removeSlot("main") } == .sealed)
        #expect(try await keystore.list() == [key])
        #expect(try await keystore.describe(key.id) == key)
        #expect(KeyError.Code.sealed.isRetryable)
        try await keystore.unseal(passphrase: secret("correct horse"))
        #expect(try await keystore.sign([digest("x")], with: key.id).count == 1)
    }

    @Test func `a disabled key signs nothing until it is enabled, in memory and from the store`() async throws {
        let keystore = try await openKeystore(migrated(MemoryStore(), KeysSchema.migrations))
        let key = try await keystore.create(.secp256k1, label: "hot")
        let other = try await keystore.create(.secp256k1, label: "other")
        try await keystore.setEnabled(key.id, false)
        #expect(await code { _ = try await keystore.sign([digest("x")], with: key.id) } == .disabled)
        #expect(try await keystore.describe(key.id).isEnabled == false)
        #expect(try await keystore.sign([digest("x")], with: other.id).count == 1)
        keystore.seal()
        try await keystore.unseal(passphrase: secret("correct horse"))
        #expect(await code { _ = try await keystore.sign([digest("x")], with: key.id) } == .disabled)
        try await keystore.setEnabled(key.id, true)
        #expect(try await keystore.sign([digest("x")], with: key.id).count == 1)
        let unknown = try #require(SortableID([UInt8](repeating: 9, count: 16)))
        #expect(await code { try await keystore.setEnabled(unknown, true) } == .unknownKey)
    }

    @Test func `after the first use signing reads nothing from the store`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        let keystore = try await openKeystore(store)
        let key = try await keystore.create(.secp256k1, label: "hot")
        keystore.seal()
        try await keystore.unseal(passphrase: secret("correct horse"))
        let first = try await keystore.sign([digest("x")], with: key.id)
        await store.close()
        #expect(try await keystore.sign([digest("x")], with: key.id) == first)
    }

    @Test func `a row pointed at another key's secret is found out`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        let keystore = try await openKeystore(store)
        let key = try await keystore.create(.secp256k1, label: "hot")
        let table = KeysSchema.migrations.table("vault_keys")
        let stranger = Secp256k1.PrivateKey().publicKey.compressed
        let id = Column<SortableID>("id")
        _ = try await store.write {
            try $0.update(table, set: [Column<[UInt8]>("public_key").set(stranger)], where: [id == key.id])
        }
        keystore.seal()
        try await keystore.unseal(passphrase: secret("correct horse"))
        #expect(await code { _ = try await keystore.sign([digest("x")], with: key.id) } == .badRecord)
    }

    @Test func `a seeded vault in memory gives the same keys again`() async throws {
        func keys() async throws -> [[UInt8]] {
            let vault = MemoryVault(clock: ManualClock(noon).clock, random: .seeded(77))
            for curve in Curve.allCases { _ = try await vault.create(curve, label: "") }
            return try await vault.list().map(\.publicKey)
        }
        #expect(try await keys() == keys())
    }

    @Test func `a seal during signing never leaves a half-open keystore`() async throws {
        let keystore = try await openKeystore(migrated(MemoryStore(), KeysSchema.migrations))
        let key = try await keystore.create(.secp256k1, label: "hot")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for number in 0..<50 {
                        let outcome = await code { _ = try await keystore.sign([digest("\(number)")], with: key.id) }
                        #expect(outcome == nil || outcome == .sealed)
                    }
                }
            }
            group.addTask { keystore.seal() }
        }
        #expect(keystore.isSealed)
        #expect(await code { _ = try await keystore.sign([digest("x")], with: key.id) } == .sealed)
    }
}
