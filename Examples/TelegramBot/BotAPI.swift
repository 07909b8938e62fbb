import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Primitives

/// What a bot says to [Telegram's Bot API](https://core.telegram.org/bots/api), each call with a deadline and few retries.
struct BotAPI: Sendable {
    /// Why a call failed for good.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let http: HTTPClient
    /// Ends with the bot's token, so it is never printed.
    private let root: String

    /// How long the API may hold a request for updates, in seconds; then it answers with none.
    static let pollSeconds: Int64 = 25
    /// How long any other call may take, in seconds.
    private static let callSeconds: Int64 = 15
    private static let attemptsMax = 6
    private static let firstDelayMilliseconds: UInt64 = 250
    private static let lastDelayMilliseconds: UInt64 = 30_000
    private static let answerBytesMax = 4 << 20

    init(http: HTTPClient, url: String, token: String) {
        self.http = http
        root = "\(url)/bot\(token)"
    }

    /// Waits for messages behind an offset; asking for an offset is what tells the API that everything before is done.
    func updates(from offset: Int64) async throws -> [Update] {
        let answer = try await call(
            "getUpdates",
            ["offset": JSON(offset), "timeout": JSON(Self.pollSeconds), "allowed_updates": ["message"]],
            seconds: Self.pollSeconds + Self.callSeconds)
        return (answer.array ?? []).compactMap(Update.init)
    }

    /// Says something.
    func send(_ text: String, to chat: Int64) async throws {
        _ = try await call("sendMessage", ["chat_id": JSON(chat), "text": .string(text)])
    }

    /// Shows a picture; its caption holds at most 1,024 characters.
    func send(photo: [UInt8], caption: String, to chat: Int64) async throws {
        let boundary = "part-\(Hex.encode(RandomSource.system.bytes(16)))"
        var body: [UInt8] = []
        for (name, value) in [("chat_id", "\(chat)"), ("caption", caption)] {
            let head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n"
            body += Array("\(head)\(value)\r\n".utf8)
        }
        let head = "Content-Disposition: form-data; name=\"photo\"; filename=\"qr.png\"\r\nContent-Type: image/png"
        body += Array("--\(boundary)\r\n\(head)\r\n\r\n".utf8) + photo + Array("\r\n--\(boundary)--\r\n".utf8)
        _ = try await call(
            "sendPhoto", body: body, type: "multipart/form-data; boundary=\(boundary)", seconds: Self.callSeconds)
    }

    private func call(_ method: String, _ params: JSON, seconds: Int64 = callSeconds) async throws -> JSON {
        try await call(method, body: Array(params.text.utf8), type: "application/json", seconds: seconds)
    }

    /// Sends, and tries again after what may pass: no answer, a server's error, too many calls.
    ///
    /// A call that is repeated may happen twice, since an answer may be lost: a message twice is better than none.
    private func call(_ method: String, body: [UInt8], type: String, seconds: Int64) async throws -> JSON {
        var reason = ""
        for attempt in 0..<Self.attemptsMax {
            var wait = Self.delay(after: attempt)
            do {
                var request = HTTPClientRequest(url: "\(root)/\(method)")
                request.method = .POST
                request.headers.add(name: "Content-Type", value: type)
                request.body = .bytes(body)
                let response = try await http.execute(request, timeout: .seconds(seconds))
                let bytes = try await response.body.collect(upTo: Self.answerBytesMax)
                let answer = try? JSON.parse(Array(bytes.readableBytesView))
                if let result = answer?["result"], answer?["ok"]?.bool == true { return result }
                reason = "\(response.status.code) \(answer?["description"]?.string ?? "")"
                guard response.status.code == 429 || response.status.code >= 500 else {
                    throw Failure(description: "\(method): \(reason)")
                }
                if let asked = answer?["parameters"]?["retry_after"]?.uint64 {
                    wait = max(wait, min(asked, Self.lastDelayMilliseconds / 1000) * 1000)
                }
            } catch let failure as Failure {
                throw failure
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                // The error is not told: it may name the URL, and the URL has the token in it.
                reason = "no answer"
            }
            try await Task.sleep(for: .milliseconds(wait))
        }
        throw Failure(description: "\(method): \(reason), \(Self.attemptsMax) times")
    }

    /// Doubles, and is drawn from its upper half, so that many bots do not come back at once.
    private static func delay(after attempt: Int) -> UInt64 {
        let full = min(firstDelayMilliseconds << UInt64(attempt), lastDelayMilliseconds)
        return full / 2 + RandomSource.system.uint64(below: full / 2 + 1)
    }
}

/// A message that somebody sent to the bot.
struct Update: Sendable {
    let id: Int64
    let chat: Int64
    /// Who sent it: Telegram's own number, which nobody can choose.
    let sender: Int64
    let text: String
    let isPrivate: Bool

    init?(_ json: JSON) {
        guard let id = json["update_id"]?.int else { return nil }
        let message = json["message"]
        self.id = id
        chat = message?["chat"]?["id"]?.int ?? 0
        sender = message?["from"]?["id"]?.int ?? 0
        text = message?["text"]?.string ?? ""
        isPrivate = message?["chat"]?["type"]?.string == "private"
    }
}
