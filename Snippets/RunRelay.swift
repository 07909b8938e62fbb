// A relay of one's own on a free port.

import Logging
import Storage
import WalletConnectRelay

// Messages and subscriptions go into any Store; a database keeps them over a restart.
let relay = RelayServer(store: MemoryStore(), identity: try .random(), logger: Logger(label: "relay"))
await withThrowingTaskGroup(of: Void.self) { group in
    let (ports, listening) = AsyncStream.makeStream(of: Int.self)
    group.addTask { try await relay.run(host: "127.0.0.1", port: 0) { port in listening.yield(port) } }
    for await port in ports {
        print("ws://127.0.0.1:\(port)")
        // snippet.hide
        // A real one runs until it is told to stop.
        break
        // snippet.show
    }
    group.cancelAll()
}
