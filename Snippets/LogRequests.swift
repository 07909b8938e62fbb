// A plugin that writes one line for each request to a wallet, each failure and each connection; never what was signed.

import Logging
import Observability
import Primitives
import WalletConnectBackend

struct BackendLog: BackendPlugin {
    let name = "log"
    let requests = Logger(label: "shop.requests")
    let errors = Logger(label: "shop.errors")
    let audit = Logger(label: "shop.audit")

    func on(_ event: BackendEvent) async throws {
        switch event.detail {
        case .call(let call):
            requests.info("asked", metadata: ["request": "\(call.id ?? 0)", "method": "\(call.method)"])
        case .outcome(let call, let outcome):
            let milliseconds = event.at.milliseconds - call.createdAt.milliseconds
            var metadata: Logger.Metadata = ["request": "\(call.id ?? 0)", "milliseconds": "\(milliseconds)"]
            if case .failure(let error) = outcome { metadata["code"] = "\(error.code.rawValue)" }
            requests.info("answered", metadata: metadata)
        case .failure(let error):
            errors.error("failed", metadata: ["code": "\(error.code.rawValue)", "message": "\(error.message)"])
        case .connection(let connection):
            audit.notice(
                "\(event.kind.rawValue)",
                metadata: [
                    "topic": "\(connection.topic)", "state": "\(connection.state.rawValue)",
                    "user": "\(connection.userID, sensitivity: .sensitive)",
                ])
        case .walletEvent(let connection, let name, _, let chain):
            audit.info("wallet says \(name)", metadata: ["topic": "\(connection.topic)", "chain": "\(chain)"])
        }
    }
}

let log = LogConfiguration(
    format: .json, level: .info, levelsByPrefix: ["shop.requests": .warning, "shop.audit": .notice],
    sink: .standardError())
LoggingSystem.bootstrap { log.handler(label: $0) }
// snippet.hide
BackendLog().audit.notice("started")
// snippet.show
