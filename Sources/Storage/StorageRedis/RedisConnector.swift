#if Redis
    import NIOCore
    import NIOPosix
    import NIOSSL
    import Storage
    import Synchronization

    /// Opens connections that are logged in and in the right database.
    struct RedisConnector: Sendable {
        private let settings: RedisSettings
        private let tls: NIOSSLContext?

        /// - Throws: `KeyValueError` with code `invalid_settings` when a certificate cannot be read.
        init(_ settings: RedisSettings) throws(KeyValueError) {
            try settings.check()
            self.settings = settings
            guard settings.isSecure else {
                tls = nil
                return
            }
            do {
                var configuration = TLSConfiguration.makeClientConfiguration()
                configuration.minimumTLSVersion = .tlsv12
                if let file = settings.authoritiesFile {
                    // Read here, so that a missing file is named.
                    configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
                }
                if let file = settings.certificateFile, let keyFile = settings.keyFile {
                    configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) }
                    configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
                }
                tls = try NIOSSLContext(configuration: configuration)
            } catch {
                throw KeyValueError(
                    .invalidSettings, "redis: ca, cert or key is no readable PEM file", cause: error)
            }
        }

        /// Opens a connection; it fails with a `KeyValueError`.
        func open(on loop: any EventLoop) -> EventLoopFuture<RedisConnection> {
            let deadline = NIODeadline.now() + .milliseconds(settings.connectDeadlineMilliseconds)
            let (settings, tls) = (settings, tls)
            return ClientBootstrap(group: loop)
                .connectTimeout(.milliseconds(settings.connectDeadlineMilliseconds))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls { try pipeline.addHandler(Self.tlsHandler(tls, settings.host)) }
                        try pipeline.addHandler(
                            RedisHandler(
                                place: settings.address, isSecure: settings.isSecure,
                                silenceMax: .milliseconds(settings.deadlineMilliseconds)))
                    }
                }
                .connect(host: settings.host, port: settings.port)
                .flatMapErrorThrowing { error in
                    throw KeyValueError(
                        .unavailable, "redis \(settings.address) cannot be reached", cause: error)
                }
                .flatMap { channel in
                    let connection = RedisConnection(channel)
                    return logIn(connection, on: loop, deadline)
                        .map { connection }
                        .flatMapErrorThrowing { error in
                            connection.close()
                            throw error
                        }
                }
        }

        private static func tlsHandler(_ context: NIOSSLContext, _ host: String) throws -> NIOSSLClientHandler {
            do {
                return try NIOSSLClientHandler(context: context, serverHostname: host)
            } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
                // The address itself must be in the certificate then.
                return try NIOSSLClientHandler(context: context, serverHostname: nil)
            }
        }

        /// All that must be said before the first question, in one flight.
        private func logIn(
            _ connection: RedisConnection, on loop: any EventLoop, _ deadline: NIODeadline
        ) -> EventLoopFuture<Void> {
            var steps: [(command: RESPCommand, mayFail: Bool)] = []
            if let login = settings.authentication() { steps.append((login, false)) }
            if settings.database != 0 { steps.append((RESPCommand("SELECT", "\(settings.database)"), false)) }
            // A name in its list of clients is for the operator; not every user may set one.
            steps.append((RESPCommand("CLIENT", "SETNAME", "coffer"), true))
            steps.append((RESPCommand("PING"), false))
            let (settings, hasPassword) = (settings, settings.hasPassword)
            let answers = steps.map { step in
                connection.ask(step.command, deadline: deadline).flatMapThrowing { reply in
                    // A server that cannot write to its disk refuses even this, and answers reads all the same.
                    guard case .error(let line) = reply, !step.mayFail, RedisRefusal.word(line) != .misconfigured
                    else { return }
                    throw Self.refusal(line, settings, hasPassword: hasPassword)
                }
            }
            return EventLoopFuture.andAllComplete(answers, on: loop).flatMap {
                // The first refusal says why; later ones follow from it.
                answers.reduce(loop.makeSucceededVoidFuture()) { before, answer in before.flatMap { answer } }
            }
        }

        private static func refusal(_ line: [UInt8], _ settings: RedisSettings, hasPassword: Bool) -> KeyValueError {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("ERR DB index") || text.hasPrefix("ERR invalid DB index") {
                return KeyValueError(
                    .invalidSettings, "redis \(settings.address) has no database \(settings.database)")
            }
            if hasPassword, text.hasPrefix("ERR AUTH") || text.hasPrefix("ERR Client sent AUTH") {
                return KeyValueError(
                    .accessDenied, "redis \(settings.address) has no password for this user, and one was given")
            }
            return RedisRefusal.error(line, settings.address)
        }
    }
#endif
