import ChainEVM
import CoreMetrics
import Foundation
import NIOPosix
import Primitives
import Storage
import WalletConnectBackend
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol
import WalletConnectTesting

#if SQLite
    import StorageSQL
    import StorageSQLite
#endif

/// One life of the backend: `FOLDER RELAY USERS connect|answer|reference`.
struct BackendProcess: Sendable {
    private enum Part: String {
        /// Everybody connects, and is asked again and again until the process is killed.
        case connect
        /// Everybody is asked once, and has to answer as the user they were.
        case answer
        /// As `answer`, by the client alone, without users: what the backend is measured against.
        case reference
    }

    private let folder: String
    private let relay: String
    private let users: Int
    private let part: Part

    private static let chain = "eip155:1"
    /// Requests under way at once.
    private static let lanes = 50
    /// For the round trips that are counted, in seconds.
    private static let measuredSeconds = 3.0
    private static let storeKey = [UInt8](repeating: 0x5C, count: SealedRecords.storeKeyBytesMin)

    init(arguments: ArraySlice<String>) throws {
        let words = Array(arguments)
        guard words.count == 4, let users = Int(words[2]), let part = Part(rawValue: words[3]) else {
            throw Failure("this is for the campaign itself")
        }
        (folder, relay, self.users, self.part) = (words[0], words[1], users, part)
    }

    func run() async throws {
        endWithParent()
        let records = try await records()
        switch part {
        case .connect: try await withBackend(backend(records)) { try await connect($0) }
        case .answer: try await answer(records)
        case .reference: try await reference(records)
        }
    }

    /// Nothing is left behind when whoever started this is killed: its end of the pipe is closed then.
    private func endWithParent() {
        Thread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            exit(1)
        }.start()
    }

    private func records() async throws -> any KeyValueStore {
        #if SQLite
            let store: any Store = try await SQLite.open(path: "\(folder)/backend.db")
            try await store.migrate(TableKeyValueStore.migrations)
            return TableKeyValueStore(store: store)
        #else
            throw Failure("a restart needs a database: build with the trait SQLite")
        #endif
    }

    private var settings: SignClientSettings {
        let about = Metadata(
            name: "Restart campaign", description: "A backend of many users", url: "https://campaign.example", icons: []
        )
        var settings = SignClientSettings(
            sign: SignSettings(metadata: about), relay: WalletConnectClient.RelaySettings(urls: [relay]))
        settings.sign.limits.pairingsMax = 100_000
        settings.sign.limits.proposalsMax = 100_000
        return settings
    }

    private func backend(_ records: any KeyValueStore) throws -> WalletConnectBackend {
        var settings = BackendSettings(client: settings)
        settings.sessionsMax = users
        return WalletConnectBackend(
            settings: settings, records: records, storeKey: SecretBytes(copying: Self.storeKey),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            logger: TestLog.quiet, metrics: NOOPMetricsHandler.instance)
    }

    // MARK: Connecting

    private static func name(_ number: Int) -> String { "user \(number)" }

    private func connect(_ backend: WalletConnectBackend) async throws {
        let watch = Watch()
        let chain = try ChainID(Self.chain)
        var list: [String] = []
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<users {
                if number >= Self.lanes, let line = try await group.next() { list.append(line) }
                group.addTask {
                    let pending = try await backend.connect(
                        ConnectionRequest(userID: Self.name(number), chains: [chain], methods: ["personal_sign"]))
                    say("uri \(pending.uri)")
                    let connection = try await pending.connection()
                    guard let account = connection.accounts.first else { throw Failure("a session without account") }
                    return "\(number) \(connection.topic.hex) \(account.address)"
                }
            }
            for try await line in group { list.append(line) }
        }
        // What the next life is held to.
        try list.sorted().joined(separator: "\n").write(toFile: "\(folder)/users", atomically: true, encoding: .utf8)
        say(
            #"{"phase":"connected","users":\#(list.count),"seconds":\#(watch.seconds),"#
                + #""per_second":\#(Double(users) / watch.seconds)}"#)
        // Until the end comes without a warning.
        _ = try await ask(for: 3_600) { number, text in
            let call = try await backend.request(
                "personal_sign",
                [.string(Hex.encodePrefixed(text.utf8)), .string(try account(number, backend).address)],
                on: chain, for: .user(Self.name(number)))
            // It is stored, so its answer has to be found, whoever is alive to take it.
            say("asked \(call.id) \(number) \(text)")
            _ = try await call.value()
        }
    }

    private func account(_ number: Int, _ backend: WalletConnectBackend) throws -> AccountID {
        guard let account = backend.connection(of: Self.name(number))?.accounts.first else {
            throw Failure("\(Self.name(number)) has no session")
        }
        return account
    }

    // MARK: Answering

    private func answer(_ records: any KeyValueStore) async throws {
        let expected = try expectations()
        let chain = try ChainID(Self.chain)
        let before = Watch.residentBytes
        let restoring = Watch()
        try await withBackend(backend(records)) { backend in
            let (restored, cpu, memory) = (restoring.seconds, restoring.cpuSeconds, Watch.residentBytes - before)
            guard backend.figures.active == users else {
                throw Failure("\(backend.figures.active) of \(users) sessions were restored")
            }
            let asking = Watch()
            let answered = try await eachOnce { number in
                let name = Self.name(number)
                guard let connection = backend.connection(of: name), let account = connection.accounts.first,
                    let was = expected[number], was.topic == connection.topic.hex, was.address == account.address
                else { throw Failure("\(name) has another session than before") }
                let text = "\(name) after the restart"
                let call = try await backend.request(
                    "personal_sign", [.string(Hex.encodePrefixed(text.utf8)), .string(account.address)], on: chain,
                    for: .user(name))
                try Self.check(try await call.value(), text, account.address)
            }
            let all = asking.seconds
            try await findAnswers(backend, expected)
            let (trips, spent) = try await ask(for: Self.measuredSeconds) { number, text in
                let account = try account(number, backend)
                let call = try await backend.request(
                    "personal_sign", [.string(Hex.encodePrefixed(text.utf8)), .string(account.address)], on: chain,
                    for: .user(Self.name(number)))
                try Self.check(try await call.value(), text, account.address)
            }
            report("answered", answered, restored, cpu, memory, all, trips, spent)
        }
    }

    /// Each request that the last life had made has the answer that its wallet gave, before or after the end.
    private func findAnswers(
        _ backend: WalletConnectBackend, _ expected: [Int: (topic: String, address: String)]
    ) async throws {
        let lines = try String(contentsOfFile: "\(folder)/asked", encoding: .utf8).split(separator: "\n")
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            guard words.count == 4, let id = Int64(words[1]), let was = Int(words[2]).flatMap({ expected[$0] }) else {
                throw Failure("the list of requests is damaged")
            }
            try Self.check(try await backend.outcome(of: id).value(), words[3], was.address)
        }
        say(#"{"phase":"found","answers":\#(lines.count)}"#)
    }

    private func reference(_ records: any KeyValueStore) async throws {
        let expected = try expectations()
        let before = Watch.residentBytes
        let client = SignClient(
            settings: settings, records: records, storeKey: SecretBytes(copying: Self.storeKey),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            logger: TestLog.quiet, metrics: NOOPMetricsHandler.instance)
        let restoring = Watch()
        try await withSignClient(client) { client in
            let (restored, cpu, memory) = (restoring.seconds, restoring.cpuSeconds, Watch.residentBytes - before)
            let sign: @Sendable (Int, String) async throws -> Void = { number, text in
                guard let was = expected[number] else { throw Failure("user \(number) is not known") }
                let answer = try await client.request(
                    SessionRequest(
                        topic: try Topic(hex: was.topic), chainID: Self.chain, method: "personal_sign",
                        params: [.string(Hex.encodePrefixed(text.utf8)), .string(was.address)]))
                try Self.check(answer, text, was.address)
            }
            let asking = Watch()
            let answered = try await eachOnce { try await sign($0, "user \($0) without a backend") }
            let all = asking.seconds
            let (trips, spent) = try await ask(for: Self.measuredSeconds, sign)
            report("reference", answered, restored, cpu, memory, all, trips, spent)
        }
    }

    /// Who was who before the end: session and account of each user.
    private func expectations() throws -> [Int: (topic: String, address: String)] {
        let lines = try String(contentsOfFile: "\(folder)/users", encoding: .utf8).split(separator: "\n")
        var expected: [Int: (topic: String, address: String)] = [:]
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3, let number = Int(words[0]) else { throw Failure("the list of users is damaged") }
            expected[number] = (words[1], words[2])
        }
        guard expected.count == users else { throw Failure("\(expected.count) users were connected, not \(users)") }
        return expected
    }

    private static func check(_ answer: JSON, _ text: String, _ address: String) throws {
        let signer = try SignerRecovery.signer(ofText: text, answer)
        guard signer.description == address else { throw Failure("\(signer) signed for \(address)") }
    }

    // MARK: Asking

    /// Asks everybody once; returns how many answered.
    private func eachOnce(_ body: @escaping @Sendable (Int) async throws -> Void) async throws -> Int {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var answered = 0
            for number in 0..<users {
                if number >= Self.lanes {
                    try await group.next()
                    answered += 1
                }
                group.addTask { try await body(number) }
            }
            for try await _ in group { answered += 1 }
            return answered
        }
    }

    /// Asks one after the other in each lane, for so long; returns how many answers there were and the CPU time they took.
    private func ask(
        for seconds: Double, _ body: @escaping @Sendable (_ number: Int, _ text: String) async throws -> Void
    ) async throws -> (perSecond: Double, cpuMilliseconds: Double) {
        let watch = Watch()
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for lane in 0..<min(Self.lanes, users) {
                group.addTask {
                    var (count, number) = (0, lane)
                    while watch.seconds < seconds {
                        try await body(number, "lane \(lane), turn \(count)")
                        count += 1
                        number = (number + Self.lanes) % users
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return (Double(count) / watch.seconds, watch.cpuSeconds / Double(max(count, 1)) * 1e3)
    }

    private func report(
        _ phase: String, _ answered: Int, _ restored: Double, _ cpu: Double, _ memory: Double, _ all: Double,
        _ trips: Double, _ spent: Double
    ) {
        say(
            #"{"phase":"\#(phase)","users":\#(users),"answered":\#(answered),"restore_ms":\#(restored * 1e3),"#
                + #""restore_cpu_ms":\#(cpu * 1e3),"kb_per_user":\#(memory / Double(users) / 1e3),"#
                + #""all_seconds":\#(all),"round_trips_per_second":\#(trips),"round_trip_cpu_ms":\#(spent)}"#)
    }
}
