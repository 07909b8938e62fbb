import Storage
import StorageSQL
import Synchronization
import Testing

struct ReconnectionTests {
    private static let away = StorageError(.unavailable, "away")

    @Test func `a server that is back soon is waited for`() throws {
        let (time, changes) = (Time(), Changes())
        var reconnection = Reconnection(now: time.now, sleep: time.sleep, onChange: changes.note)
        reconnection.lost(Self.away)
        reconnection.lost(Self.away)
        var tries = 0
        try reconnection.restore { () throws(StorageError) in
            tries += 1
            if tries < 4 { throw Self.away }
        }
        #expect(tries == 4)
        #expect(175...350 ~= time.now(), "\(time.now()) ms: pauses of 50, 100 and 200, or down to half of each")
        #expect(changes.all == ["lost", "restored after \(time.now())"], "an outage is told once")
    }

    @Test func `a server that stays away is not waited for again and again`() throws {
        let time = Time()
        var reconnection = Reconnection(now: time.now, sleep: time.sleep) { _ in }
        reconnection.lost(Self.away)
        var tries = 0
        func fails() -> Int {
            let start = time.now()
            #expect(throws: StorageError.self) {
                try reconnection.restore { () throws(StorageError) in
                    tries += 1
                    throw Self.away
                }
            }
            return time.now() - start
        }
        let first = fails()
        // The pause that would end behind the limit is not begun; the five before it take 775 at least.
        #expect(775...Reconnection.waitMilliseconds ~= first, "\(first) ms")
        #expect(6...7 ~= tries, "\(tries) tries, with pauses that grow")
        let before = tries
        #expect(fails() == 0, "later work is refused at once")
        #expect(tries == before)
        time.sleep(Reconnection.pauseMillisecondsMax)
        #expect(fails() == 0)
        #expect(tries == before + 1, "the try whose time has come is made, and not waited for")
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

/// Stands still unless somebody sleeps.
private final class Time: Sendable {
    private let milliseconds = Atomic(0)

    @Sendable func now() -> Int { milliseconds.load(ordering: .relaxed) }

    @Sendable func sleep(_ duration: Int) { milliseconds.add(duration, ordering: .relaxed) }
}

private final class Changes: Sendable {
    private let words = Mutex<[String]>([])
    var all: [String] { words.withLock { $0 } }

    @Sendable func note(_ change: Reconnection.Change) {
        words.withLock { words in
            switch change {
            case .lost: words.append("lost")
            case .restored(let milliseconds): words.append("restored after \(milliseconds)")
            }
        }
    }
}
