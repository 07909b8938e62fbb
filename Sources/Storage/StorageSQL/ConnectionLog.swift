package import Logging

/// Says what an operator wants to know of a server's connections.
package struct ConnectionLog: Sendable {
    private let logger: Logger
    private let server: String

    /// - Parameter url: is named without its password.
    package init(_ logger: Logger, server url: DatabaseURL) {
        self.logger = logger
        server = url.description
    }

    package func changed(_ change: Reconnection.Change) {
        switch change {
        case .lost(let error):
            logger.warning("database connection lost", metadata: ["server": "\(server)", "error": "\(error)"])
        case .restored(let milliseconds):
            logger.notice(
                "database connection restored", metadata: ["server": "\(server)", "after_ms": "\(milliseconds)"])
        }
    }

    package func losesData(_ setting: String) {
        logger.warning(
            "the database server may lose what it has committed",
            metadata: ["server": "\(server)", "setting": "\(setting)"])
    }
}
