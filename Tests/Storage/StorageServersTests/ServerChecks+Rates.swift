import Foundation
import Storage
import StorageSQL
import TestServers

extension ServerChecks {
    /// Records of 200 bytes, written one after another and by as many tasks as a group takes.
    static func rates(_ server: some StoreServer) async throws {
        let store = try await server.fresh(["\(server.modeParameter)=\(server.modes.plain)"])
        try await store.migrate(TableKeyValueStore.migrations)
        let records = TableKeyValueStore(store: store)
        let value = [UInt8](repeating: 7, count: 200)
        for (tasks, each) in [(1, 1_000), (SQLStore.groupUnitsMax, 40)] {
            let began = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<tasks {
                    group.addTask {
                        for number in 0..<each {
                            let key = KeyValueKey(collection: "rates", key: "\(tasks) \(task) \(number)")
                            try await records.apply([.put(key, value, if: .absent)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let seconds = Double(began.duration(to: .now) / .milliseconds(1)) / 1_000
            print("\(server.scheme): \(tasks) at once, \(Int(Double(tasks * each) / seconds)) records/s")
        }
        await store.close()
    }
}
