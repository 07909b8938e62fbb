import Primitives
import Synchronization
import WalletConnectProtocol

/// Finds out from the Verify service where a request came from.
///
/// What cannot be found out is `UNKNOWN`, which is also the truth about every dApp that is a server.
final class OriginLookup: Sendable {
    private struct State {
        // The hosted key begins; the service is asked when it is not good, or too old.
        var key: VerifyKey? = .hosted
        var lastFetch: Timestamp?
    }

    private let settings: VerifySettings
    private let http: (any HTTPExchange)?
    private let clock: WallClock
    private let state = Mutex(State())

    /// The key is not fetched more often than this: anybody can send a token with a wrong signature.
    private static let fetchMillisecondsMin: Int64 = 60_000
    private static let answerBytesMax = 16 << 10

    init(settings: VerifySettings, http: (any HTTPExchange)?, clock: WallClock) {
        self.settings = settings
        self.http = http
        self.clock = clock
    }

    func context(of query: VerifyQuery) async -> VerifyContext {
        VerifyContext(
            attestation: await attested(query), metadataURL: query.claimedURL, verifyURL: settings.url)
    }

    private func attested(_ query: VerifyQuery) async -> AttestedOrigin? {
        guard http != nil else { return nil }
        guard let token = query.attestation else { return await lookUp(query.payloadHash) }
        guard !token.isEmpty else { return nil }
        if let key = await currentKey() {
            let verdict = Attestation.check(token, messageHash: query.messageHash, key: key, now: clock.now)
            guard case .unknown(.signature) = verdict else { return Self.origin(verdict) }
        }
        // The service may have changed its key.
        guard let fresh = await fetchKey() else { return nil }
        return Self.origin(Attestation.check(token, messageHash: query.messageHash, key: fresh, now: clock.now))
    }

    private static func origin(_ verdict: Attestation.Verdict) -> AttestedOrigin? {
        switch verdict {
        case .attested(let origin), .unknown(.unverified(let origin)): origin
        case .unknown: nil
        }
    }

    private func currentKey() async -> VerifyKey? {
        let known = state.withLock(\.key)
        if let expiry = known?.expiresAtSeconds, expiry <= clock.now.milliseconds / 1000 {
            return await fetchKey() ?? known
        }
        return known
    }

    private func fetchKey() async -> VerifyKey? {
        let now = clock.now
        let mayFetch = state.withLock { state in
            if let last = state.lastFetch, now.milliseconds(since: last) < Self.fetchMillisecondsMin { return false }
            state.lastFetch = now
            return true
        }
        guard mayFetch, let json = await get("\(settings.url)/v3/public-key"), let key = VerifyKey(answer: json) else {
            return nil
        }
        state.withLock { $0.key = key }
        return key
    }

    /// How older browsers' attestations are found: by the payload.
    private func lookUp(_ payloadHash: String) async -> AttestedOrigin? {
        guard let json = await get("\(settings.url)/attestation/\(payloadHash)?v2Supported=true") else { return nil }
        return AttestedOrigin(lookup: json, decryptedID: payloadHash)
    }

    private func get(_ url: String) async -> JSON? {
        let question = HTTPQuestion(
            method: "GET", url: url, deadline: .seconds(settings.deadlineSeconds),
            answerBytesMax: Self.answerBytesMax)
        guard let answer = try? await http?.send(question), answer.status == 200 else { return nil }
        return try? JSON.parse(answer.body)
    }
}
