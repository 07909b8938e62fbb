import Cryptography
public import Primitives
public import Storage
import Synchronization

/// Lets a key sign one thing for each slot: a signature leaves only after the row that describes it is on the disk.
///
/// ```swift
/// let guarded = SigningGuard(store: guardStore, vault: vault, clock: .system)
/// let outcomes = try await guarded.sign([request])
/// let signed = try outcomes[0].get()
/// ```
/// A slot is a position in a lane: a nonce of an account. The first payload fixes what the slot stands for. After that
/// only the same digest (which gets the same signature), the same intent with higher fees, or one kind of cancel is let
/// through. The rules hold for every process that shares the store, since its keys and its counters enforce them.
///
/// A class, because callers share what it remembers of the vault's public keys.
public final class SigningGuard: Sendable {
    /// How many requests one call takes.
    public static let requestsMax = 512
    /// How long the name of a lane may be, in bytes of UTF-8.
    public static let laneBytesMax = 256
    /// Signing and checking takes some 0.2 ms each; pieces of this size keep two cores busy.
    private static let pieceSize = 16
    /// How often a unit of work is tried again after another process has changed the same slot.
    static let racesMax = 8
    /// Public keys that are remembered; beyond it the memory starts anew.
    private static let signersMax = 16_384

    let store: any Store
    let vault: any KeyVault
    let clock: WallClock
    private let signers = Mutex<[SortableID: Secp256k1.PublicKey]>([:])

    /// - Parameters:
    ///   - store: where the history lives; best a database of its own. The caller has applied ``GuardSchema``.
    ///   - vault: what signs. Nothing else may sign with the same keys.
    public init(store: any Store, vault: any KeyVault, clock: WallClock) {
        self.store = store
        self.vault = vault
        self.clock = clock
    }

    /// Records, signs, verifies and keeps; one outcome for each request, in order.
    ///
    /// One unit of work records all requests that are allowed. Only after its commit does the vault sign, each
    /// signature is recovered and verified against `expectedSigner`, and a second unit of work keeps them. After a
    /// crash in between, or a failure of the vault, the same request signs again.
    ///
    /// Outcomes fail with `guardConflict`, `belowWatermark`, `aboveWatermark`, `laneDisabled` (all recorded as
    /// refusals), `invalidInput`, `badSignature`, or what the vault throws.
    ///
    /// - Throws: ``KeyError``: `invalidInput` for more than ``requestsMax`` requests; `storage`, `unavailable` when the
    ///   store fails. Then no signature leaves.
    public func sign(_ requests: [SigningRequest]) async throws -> [Result<SignedDigest, KeyError>] {
        guard requests.count <= Self.requestsMax else {
            throw KeyError(.invalidInput, "at most \(Self.requestsMax) requests at once")
        }
        var outcomes = [Result<SignedDigest, KeyError>?](repeating: nil, count: requests.count)
        var keys: [Int: Secp256k1.PublicKey] = [:]
        for (index, request) in requests.enumerated() {
            do {
                keys[index] = try await checked(request)
            } catch {
                outcomes[index] = .failure(KeyError(storage: error))
            }
        }

        let admitted = requests.indices.filter { keys[$0] != nil }
        let verdicts = try await record(admitted.map { requests[$0] })
        var unsigned: [Int] = []
        for (index, verdict) in zip(admitted, verdicts) {
            guard let key = keys[index] else { continue }
            switch verdict {
            case .refused(let error): outcomes[index] = .failure(error)
            case .recorded(nil): unsigned.append(index)
            case .recorded(let stored?):
                outcomes[index] = Self.signed(requests[index], stored: stored, by: key)
            }
        }

        let made = await signAndVerify(unsigned.map { Piece(index: $0, request: requests[$0]) }, keys: keys)
        var fresh: [Int: GuardSignature] = [:]
        for (index, outcome) in made {
            switch outcome {
            case .failure(let error): outcomes[index] = .failure(error)
            case .success(let signature):
                fresh[index] = signature.guardForm
                outcomes[index] = .success(
                    SignedDigest(
                        digest: requests[index].digest, signature: signature, signer: requests[index].expectedSigner))
            }
        }
        // Nothing is answered before this commit, and where somebody was faster his signature stands.
        for (index, stored) in try await keep(fresh.map { ($0.key, requests[$0.key], $0.value) }) {
            guard stored != fresh[index], let key = keys[index] else { continue }
            outcomes[index] = Self.signed(requests[index], stored: stored, by: key)
        }
        return outcomes.map { $0 ?? .failure(KeyError(.unavailable, "the vault gave no answer")) }
    }

    // MARK: Before the record

    /// The key that signs, once the request makes sense: a mistake here must not use a slot up.
    private func checked(_ request: SigningRequest) async throws -> Secp256k1.PublicKey {
        try checkName(request.lane)
        guard request.position >= 0 else { throw KeyError(.invalidInput, "a position is not negative") }
        let key = try await publicKey(request.keyID)
        guard key.compressed == request.expectedSigner else {
            throw KeyError(.invalidInput, "key \(request.keyID) is not the expected signer")
        }
        return key
    }

    /// A key's public half never changes, so it is asked for once.
    private func publicKey(_ id: SortableID) async throws -> Secp256k1.PublicKey {
        if let known = signers.withLock({ $0[id] }) { return known }
        let description: KeyDescription
        do {
            description = try await vault.describe(id)
        } catch let error as KeyError {
            throw error
        } catch {
            throw KeyError(.unavailable, "the vault could not describe key \(id)", cause: error)
        }
        guard description.curve == .secp256k1 else {
            throw KeyError(.wrongCurve, "key \(id) is a \(description.curve) key")
        }
        guard let key = try? Secp256k1.PublicKey(bytes: description.publicKey) else {
            throw KeyError(.badRecord, "the public key of \(id) is not on the curve")
        }
        signers.withLock { signers in
            if signers.count >= Self.signersMax { signers.removeAll() }
            signers[id] = key
        }
        return key
    }

    // MARK: The record

    private enum Recorded: Sendable {
        case refused(KeyError)
        /// On the disk, with the signature if there is one already.
        case recorded(GuardSignature?)
    }

    private func record(_ requests: [SigningRequest]) async throws -> [Recorded] {
        guard !requests.isEmpty else { return [] }
        let now = clock.now
        return try await write { tx in
            var lanes: [String: GuardRules.Lane] = [:]
            return try requests.map { try Self.record($0, &lanes, at: now, in: tx) }
        }
    }

    private static func record(
        _ request: SigningRequest, _ lanes: inout [String: GuardRules.Lane], at now: Timestamp,
        in tx: any WriteTransaction
    ) throws -> Recorded {
        let lane = try lanes[request.lane] ?? GuardRows.openLane(request.lane, in: tx)
        lanes[request.lane] = lane
        let slot = try GuardRows.slot(request.lane, request.position, in: tx)
        let known = try GuardRows.payload(request.digest, of: request.expectedSigner, in: tx)
        switch GuardRules.decide(request, lane: lane, slot: slot, known: known) {
        case .repeated(let signature): return .recorded(signature)
        case .record(let next):
            if let slot {
                try GuardRows.change(slot, to: next, request.lane, request.position, in: tx)
            } else {
                try GuardRows.insert(next, request.lane, request.position, at: now, in: tx)
            }
            try GuardRows.insert(request, ordinal: next.payloads, at: now, in: tx)
            return .recorded(nil)
        case .refuse(let code, let message):
            try GuardRows.insertRefusal(of: request, code, message, at: now, in: tx)
            return .refused(KeyError(code, "\(request.lane)#\(request.position): \(message)"))
        }
    }

    // MARK: The signature

    private struct Piece: Sendable {
        let index: Int
        let request: SigningRequest
    }

    private typealias Made = [(Int, Result<Secp256k1.Signature, KeyError>)]

    private func signAndVerify(_ pieces: [Piece], keys: [Int: Secp256k1.PublicKey]) async -> Made {
        var groups: [[Piece]] = []
        for (_, sameKey) in Dictionary(grouping: pieces, by: \.request.keyID) {
            var rest = sameKey[...]
            while !rest.isEmpty {
                groups.append(Array(rest.prefix(Self.pieceSize)))
                rest = rest.dropFirst(Self.pieceSize)
            }
        }
        if groups.count == 1 { return await signAndVerify(group: groups[0], keys: keys) }
        return await withTaskGroup(of: Made.self) { tasks in
            for group in groups { tasks.addTask { await self.signAndVerify(group: group, keys: keys) } }
            return await tasks.reduce(into: []) { $0 += $1 }
        }
    }

    private func signAndVerify(group: [Piece], keys: [Int: Secp256k1.PublicKey]) async -> Made {
        guard let keyID = group.first?.request.keyID else { return [] }
        let digests = group.map(\.request.digest)
        let signatures: [Secp256k1.Signature]
        do {
            signatures = try await vault.sign(digests, with: keyID)
        } catch {
            let failure = Self.vaultFailure(error)
            return group.map { ($0.index, .failure(failure)) }
        }
        guard signatures.count == digests.count else {
            let failure = KeyError(.badSignature, "the vault gave \(signatures.count) signatures for \(digests.count)")
            return group.map { ($0.index, .failure(failure)) }
        }
        return zip(group, signatures).map { piece, signature in
            guard let key = keys[piece.index],
                (try? Secp256k1.confirm(signature, digest: piece.request.digest, signer: key)) != nil
            else {
                return (piece.index, .failure(KeyError(.badSignature, "the signature does not lead back to the key")))
            }
            return (piece.index, .success(signature))
        }
    }

    private static func vaultFailure(_ error: any Error) -> KeyError {
        switch error {
        case let error as KeyError: error
        // A vault that can't even build the signature got something that no chain accepts, for example a high S.
        case let error as Cryptography.KeyError:
            KeyError(.badSignature, "the vault's signature is not in the form that chains accept", cause: error)
        default: KeyError(.unavailable, "the vault failed", cause: error)
        }
    }

    /// Keeps fresh signatures and answers with those that stand: where somebody was faster, his.
    private func keep(
        _ fresh: [(Int, SigningRequest, GuardSignature)]
    ) async throws -> [(Int, GuardSignature)] {
        guard !fresh.isEmpty else { return [] }
        return try await write { tx in
            try fresh.map { index, request, signature in
                (index, try GuardRows.keep(signature, for: request.digest, of: request.expectedSigner, in: tx))
            }
        }
    }

    /// What is read back is checked as what was made: a changed row must not pass for a signature.
    private static func signed(
        _ request: SigningRequest, stored: GuardSignature, by key: Secp256k1.PublicKey
    ) -> Result<SignedDigest, KeyError> {
        guard let signature = Secp256k1.Signature(stored),
            (try? Secp256k1.confirm(signature, digest: request.digest, signer: key)) != nil
        else {
            return .failure(
                KeyError(.badRecord, "\(request.lane)#\(request.position): the stored signature is not the key's"))
        }
        return .success(
            SignedDigest(digest: request.digest, signature: signature, signer: request.expectedSigner))
    }
}

/// Another process has changed the slot since it was read.
struct LostRace: Error {}
