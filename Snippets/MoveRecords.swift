// Moves the records of a client or a backend that does not run: into another database, under another store key, or both.

import Primitives
import Storage
import WalletConnectClient
import WalletConnectProtocol

// snippet.hide
let (oldStore, newStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
let oldKey = SecretBytes.random(count: SealedRecords.storeKeyBytesMin)
let newKey = SecretBytes.random(count: SealedRecords.storeKeyBytesMin)
// snippet.show
let old = try await SealedRecords.open(oldStore, storeKey: oldKey, random: .system)
let new = try await SealedRecords.open(newStore, storeKey: newKey, random: .system)
let collections =
    RecordCollection.allCases.map(\.rawValue) + ["backend_connection", "backend_call", "backend_answer"]
var moved = 0
for collection in collections {
    var last: String?
    repeat {
        let page = try await old.list(collection, after: last, limit: 100)
        for record in page {
            // Never over a record that is there: the new place must be empty.
            try await new.apply([.put(record.key, record.value, expiresAt: record.expiresAt, if: .absent)])
        }
        moved += page.count
        last = page.last?.key.key
    } while last != nil
}
print("\(moved) records moved")
