import CReference
import Cryptography
import Glibc
import Primitives
import WalletConnectProtocol

/// The connections of one run, and what they count.
struct SocketRun {
    private let mode: Mode
    private let window: Int
    private let seconds: Double
    private let bytes: Int
    private var sockets: [FrameSocket] = []
    private let topics: [String]
    private var nextID: Int64
    private var counted = 0
    private var isCounting = false
    private var sentAt: [UInt32] = []
    private let filler: String

    init(
        mode: Mode, port: UInt16, count: Int, window: Int, seconds: Double, bytes: Int, path: String
    ) throws {
        self.mode = mode
        self.window = window
        self.seconds = seconds
        self.bytes = bytes
        nextID = WallClock.system.now.milliseconds * 1_000
        filler = String(repeating: "A", count: max(0, bytes - 16))
        let seed = UInt64(WallClock.system.now.milliseconds)
        topics = (0..<count).map { number in
            SHA2.sha256(Array("\(seed)/\(number)".utf8)).hex
        }
        for number in 0..<count {
            var target = path
            if mode.isRelay {
                let key = try Ed25519.PrivateKey(seed: SecretBytes(copying: SHA2.sha256(Array(topics[number].utf8)).bytes))
                let token = RelayToken.sign(
                    key, audience: "ws://127.0.0.1:\(port)\(path)", subject: topics[number], issuedAt: WallClock.system.now)
                target += "?auth=\(token)&projectId=0123456789abcdef0123456789abcdef"
            }
            var socket = try FrameSocket(port: port, path: target)
            try socket.finishHandshake()
            sockets.append(socket)
        }
    }

    mutating func run() throws -> String {
        let epoll = epoll_create1(0)
        for (number, socket) in sockets.enumerated() {
            guard reference_epoll_add(epoll, socket.file, UInt32(number)) == 0 else { throw SocketsError("epoll") }
        }
        if mode.isRelay {
            for number in sockets.indices {
                sockets[number].write(Array(subscription(to: topics[number]).utf8))
                try sockets[number].flush()
            }
        }
        if mode == .idle || mode == .silent {
            try wait(epoll, until: reference_wall_time() + Int64(seconds * 1e9))
            print("ready")
            fflush(nil)
            _ = getchar()
            return "{}"
        }
        // The subscriptions are answered before anybody counts.
        if mode == .relay { try wait(epoll, until: reference_wall_time() + 500_000_000) }
        for number in sockets.indices {
            for _ in 0..<window { sendNext(number) }
            try sockets[number].flush()
        }
        try wait(epoll, until: reference_wall_time() + 1_000_000_000)
        isCounting = true
        let began = (wall: reference_wall_time(), cpu: reference_thread_time())
        try wait(epoll, until: began.wall + Int64(seconds * 1e9))
        let took = Double(reference_wall_time() - began.wall) / 1e9
        let client = Double(reference_thread_time() - began.cpu) / 1e9
        return "{\"messages\":\(counted),\"per_second\":\(Double(counted) / took),\"client_cores\":\(client / took)}"
    }

    private mutating func wait(_ epoll: Int32, until end: Int64) throws {
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: 512)
        defer { events.deallocate() }
        while reference_wall_time() < end {
            let count = reference_epoll_wait(epoll, events, 512, 20_000_000)
            for index in 0..<max(0, Int(count)) {
                try read(Int(reference_event_id(events + index)))
            }
        }
    }

    private mutating func read(_ number: Int) throws {
        guard try sockets[number].receive() else { throw SocketsError("the server ended a connection") }
        var pushes: [String] = []
        var answers = 0
        let isEcho = mode == .echo
        try sockets[number].frames { frame in
            guard !isEcho, Self.contains(frame, "_subscription\"") else {
                guard isEcho || !Self.contains(frame, "\"error\"") else {
                    throw SocketsError(String(decoding: frame, as: UTF8.self))
                }
                answers += 1
                return
            }
            pushes.append(try Self.id(of: frame))
        }
        for push in pushes {
            sockets[number].write(Array("{\"id\":\(push),\"jsonrpc\":\"2.0\",\"result\":true}".utf8))
        }
        if isCounting { counted += mode == .echo ? answers : pushes.count }
        if mode == .echo || (mode == .relay && hasBegun) {
            for _ in 0..<answers { sendNext(number) }
        }
        try sockets[number].flush()
    }

    private var hasBegun = false

    private mutating func sendNext(_ number: Int) {
        hasBegun = true
        nextID += 1
        switch mode {
        case .echo: sockets[number].write(Array("{\"id\":\(nextID),\"text\":\"\(filler)\"}".utf8))
        case .relay:
            let topic = topics[(number + 1) % topics.count]
            sockets[number].write(
                Array(
                    "{\"id\":\(nextID),\"jsonrpc\":\"2.0\",\"method\":\"irn_publish\",\"params\":{\"topic\":\"\(topic)\",\"message\":\"\(nextID)\(filler)\",\"ttl\":300,\"tag\":1108,\"prompt\":true}}"
                        .utf8))
        case .idle, .silent: break
        }
    }

    private mutating func subscription(to topic: String) -> String {
        nextID += 1
        return "{\"id\":\(nextID),\"jsonrpc\":\"2.0\",\"method\":\"irn_subscribe\",\"params\":{\"topic\":\"\(topic)\"}}"
    }

    private static func contains(_ frame: UnsafeRawBufferPointer, _ text: String) -> Bool {
        guard let start = frame.baseAddress else { return false }
        return reference_find(start.assumingMemoryBound(to: UInt8.self), frame.count, text) >= 0
    }

    /// The digits of `"id":…`, which stand first in the relay's frames.
    private static func id(of frame: UnsafeRawBufferPointer) throws -> String {
        guard let colon = frame.firstIndex(of: UInt8(ascii: ":")) else { throw SocketsError("a push without an id") }
        let digits = frame[(colon + 1)...].prefix { $0 != UInt8(ascii: ",") }
        return String(decoding: digits, as: UTF8.self)
    }
}
