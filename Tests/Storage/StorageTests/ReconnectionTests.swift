import Storage
import StorageSQL
import Synchronization
import Testing

struct ReconnectionTests {
    private static let away = StorageError(.unavailable, "away")

    @Test func `a server that is back soon is waited for`() throws {
        let changes = Changes()
        var reconnection = Reconnection(onChange: changes.note)
        reconnection.lost(Self.away)
        reconnection.lost(Self.away)
        var tries = 0
        try reconnection.restore { () throws(StorageError) in
            tries += 1
            if tries < 4 { throw Self.away }
        }
        #expect(tries == 4)
        #expect(changes.all == ["lost", "restored"], "an outage is told once")
    }

    @Test func `a server that stays away is not waited for again and again`() throws {
        var reconnection = Reconnection { _ in }
        reconnection.lost(Self.away)
        var tries = 0
        func fails() -> Duration {
            ContinuousClock().measure {
                #expect(throws: StorageError.self) {
                    try reconnection.restore { () throws(StorageError) in
                        tries += 1
                        throw Self.away
                    }
                }
            }
        }
        let first = fails()
        #expect(first > .milliseconds(Reconnection.waitMilliseconds / 2))
        #expect(first < .milliseconds(3 * Reconnection.waitMilliseconds))
        #expect(5...40 ~= tries, "\(tries) tries, with pauses that grow")
        let before = tries
        #expect(fails() < .milliseconds(500), "later work is refused at once")
        #expect(tries - before <= 1)
    }

    @Test func `a server that refuses us is not asked twice`() throws {
        var reconnection = Reconnection { _ in }
        var tries = 0
        let error = #expect(throws: StorageError.self) {
            try reconnection.restore { () throws(StorageError) in
                tries += 1
                throw StorageError(.configuration, "wrong password")
            }
        }
        #expect(error?.code == .configuration)
        #expect(tries == 1)
    }
}

private final class Changes: Sendable {
    private let words = Mutex<[String]>([])
    var all: [String] { words.withLock { $0 } }

    func note(_ change: Reconnection.Change) {
        words.withLock { words in
            switch change {
            case .lost: words.append("lost")
            case .restored: words.append("restored")
            }
        }
    }
}
