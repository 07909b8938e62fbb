#if MongoDB
    import CMongo
    import Primitives
    import Storage
    import Synchronization

    /// The clients of libmongoc, with the threads that watch the deployment.
    ///
    /// A class, because it owns them; libmongoc's pool may be used from any thread.
    @safe
    final class MongoPool: @unchecked Sendable {
        /// Once for the process; libmongoc wants no end for it.
        ///
        /// Its own log would go to standard error.
        private static let started: Void = {
            mongoc_init()
            mongoc_log_set_handler(nil, nil)
        }()

        let settings: MongoSettings
        fileprivate let pool: OpaquePointer

        init(_ settings: MongoSettings) throws(KeyValueError) {
            Self.started
            self.settings = settings
            var error = bson_error_t()
            let address = settings.address()
            let uri = unsafe address.withUnsafeBytes { bytes in
                unsafe mongoc_uri_new_with_error(bytes.bindMemory(to: CChar.self).baseAddress, &error)
            }
            // Its words may quote the address.
            guard let uri = unsafe uri else { throw MongoSettings.refusal("the address is none that libmongoc takes") }
            defer { unsafe mongoc_uri_destroy(uri) }
            guard let pool = unsafe mongoc_client_pool_new_with_error(uri, &error) else {
                if error.domain == MONGOC_ERROR_STREAM.rawValue {
                    throw KeyValueError(.unavailable, "mongodb \(settings.place): its name cannot be looked up now")
                }
                throw MongoSettings.refusal("the options do not go together")
            }
            unsafe mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2)
            unsafe self.pool = pool
        }

        deinit { unsafe mongoc_client_pool_destroy(pool) }
    }

    /// Makes the one pool when it is first asked for, on the thread that asks.
    ///
    /// Making it looks names up for `mongodb+srv://`, which may take seconds. A class, because the threads share it.
    final class MongoPoolSource: Sendable {
        private let settings: MongoSettings
        private let made = Mutex<MongoPool?>(nil)

        init(_ settings: MongoSettings) {
            self.settings = settings
        }

        /// - Throws: `KeyValueError`: `invalid_settings`, and `unavailable` when a name cannot be looked up.
        func pool() throws(KeyValueError) -> MongoPool {
            try made.withLock { made throws(KeyValueError) in
                if let made { return made }
                let new = try MongoPool(settings)
                made = new
                return new
            }
        }
    }

    /// A change that is sent to the server with others.
    enum MongoWrite {
        case insert(BSONDocument)
        case replace(BSONDocument, with: BSONDocument)
        case update(BSONDocument, with: BSONDocument, upsert: Bool)
        case remove(BSONDocument)
    }

    /// One client of libmongoc on the one thread that uses it.
    @safe
    final class MongoConnection {
        let pool: MongoPool
        private let client: OpaquePointer
        private let collection: OpaquePointer

        init(_ pool: MongoPool) throws(KeyValueError) {
            self.pool = pool
            let settings = pool.settings
            guard let client = unsafe mongoc_client_pool_pop(pool.pool),
                let collection = unsafe mongoc_client_get_collection(client, settings.database, settings.collection)
            else { throw KeyValueError(.unavailable, "mongodb: no client could be made") }
            unsafe self.client = client
            unsafe self.collection = collection
        }

        deinit {
            unsafe mongoc_collection_destroy(collection)
            unsafe mongoc_client_pool_push(pool.pool, client)
        }

        /// Runs a command that changes no records.
        func command(_ command: BSONDocument, on database: String) throws(MongoFailure) -> BSONDocument {
            var error = bson_error_t()
            var isDone = false
            let reply = unsafe Self.replied { reply in
                isDone = unsafe Self.lent(command) { command in
                    unsafe mongoc_client_command_simple(client, database, command, nil, reply, &error)
                }
            }
            guard isDone, let reply else { throw MongoFailure(error, reply: reply) }
            return reply
        }

        /// The documents that match, in the order that the options ask for.
        func find(
            _ filter: BSONDocument, _ options: BSONDocument, in session: MongoSession? = nil
        ) throws(MongoFailure) -> [BSONDocument] {
            var error = bson_error_t()
            var found: [BSONDocument] = []
            var failure: MongoFailure?
            unsafe Self.lent(filter) { filter in
                unsafe Self.lent(options) { options in
                    if let session, unsafe !session.append(to: options, &error) {
                        failure = MongoFailure(error, reply: nil)
                        return
                    }
                    guard let cursor = unsafe mongoc_collection_find_with_opts(collection, filter, options, nil) else {
                        failure = MongoFailure(domain: 0, code: 0, message: "no cursor could be made")
                        return
                    }
                    defer { unsafe mongoc_cursor_destroy(cursor) }
                    var document: OpaquePointer?
                    while unsafe mongoc_cursor_next(cursor, &document) {
                        guard let document = unsafe document, let read = unsafe Self.document(document) else {
                            failure = MongoFailure(domain: 0, code: 0, message: "a document cannot be read")
                            return
                        }
                        found.append(read)
                    }
                    var reply: OpaquePointer?
                    if unsafe mongoc_cursor_error_document(cursor, &error, &reply) {
                        failure = MongoFailure(error, reply: unsafe reply.flatMap { unsafe Self.document($0) })
                    }
                }
            }
            if let failure { throw failure }
            return found
        }

        /// Makes changes in their order; each is retried once by libmongoc, and done once, when a connection breaks.
        ///
        /// - Returns: how many documents were matched, inserted and removed, as the server counts.
        func write(_ writes: [MongoWrite], in session: MongoSession? = nil) throws(MongoFailure) -> BSONDocument {
            var error = bson_error_t()
            var options: BSONDocument = ["ordered": .boolean(true)]
            if session == nil {
                options.append("writeConcern", .document(["w": .string("majority"), "j": .boolean(true)]))
            }
            let bulk = unsafe Self.lent(options) { options -> OpaquePointer? in
                if let session, unsafe !session.append(to: options, &error) { return nil }
                return unsafe mongoc_collection_create_bulk_operation_with_opts(collection, options)
            }
            guard let bulk = unsafe bulk else { throw MongoFailure(error, reply: nil) }
            defer { unsafe mongoc_bulk_operation_destroy(bulk) }
            for write in writes {
                guard unsafe Self.add(write, to: bulk, &error) else { throw MongoFailure(error, reply: nil) }
            }
            var server: UInt32 = 0
            let reply = unsafe Self.replied { reply in
                server = unsafe mongoc_bulk_operation_execute(bulk, reply, &error)
            }
            if let wrong = reply?["writeErrors"]?.members?.first?.fields {
                throw MongoFailure(
                    domain: MONGOC_ERROR_SERVER.rawValue, code: wrong["code"]?.integer ?? 0,
                    message: wrong["errmsg"]?.text ?? "",
                    labels: (reply?["errorLabels"]?.members ?? []).compactMap(\.text))
            }
            guard server != 0, let reply else { throw MongoFailure(error, reply: reply) }
            if let doubt = reply["writeConcernErrors"]?.members?.first?.fields {
                throw MongoFailure(
                    domain: MONGOC_ERROR_WRITE_CONCERN.rawValue, code: doubt["code"]?.integer ?? 0,
                    message: doubt["errmsg"]?.text ?? "")
            }
            return reply
        }

        private static func add(_ write: MongoWrite, to bulk: OpaquePointer, _ error: inout bson_error_t) -> Bool {
            switch write {
            case .insert(let document):
                return unsafe lent(document) { unsafe mongoc_bulk_operation_insert_with_opts(bulk, $0, nil, &error) }
            case .replace(let filter, let document):
                return unsafe lent(filter) { filter in
                    unsafe lent(document) { document in
                        unsafe mongoc_bulk_operation_replace_one_with_opts(bulk, filter, document, nil, &error)
                    }
                }
            case .update(let filter, let change, let upsert):
                return unsafe lent(filter) { filter in
                    unsafe lent(change) { change in
                        unsafe lent(["upsert": .boolean(upsert)]) { options in
                            unsafe mongoc_bulk_operation_update_one_with_opts(bulk, filter, change, options, &error)
                        }
                    }
                }
            case .remove(let filter):
                return unsafe lent(filter) { unsafe mongoc_bulk_operation_remove_one_with_opts(bulk, $0, nil, &error) }
            }
        }

        /// Begins a transaction that sees one moment of the data.
        func begin() throws(MongoFailure) -> MongoSession { try unsafe MongoSession(client) }

        // MARK: Documents and libmongoc

        /// Lends a document as libmongoc's own.
        fileprivate static func lent<Result>(_ document: BSONDocument, _ body: (OpaquePointer?) -> Result) -> Result {
            let bytes = document.bytes
            let copy = unsafe bson_new_from_data(bytes, bytes.count)
            defer { unsafe bson_destroy(copy) }
            return unsafe body(copy)
        }

        /// Lends room for a reply and returns what was put there.
        fileprivate static func replied(_ body: (OpaquePointer?) -> Void) -> BSONDocument? {
            guard let room = unsafe coffer_bson_room() else { return nil }
            defer { unsafe coffer_bson_room_free(room) }
            unsafe body(room)
            return unsafe document(room)
        }

        fileprivate static func document(_ bson: OpaquePointer) -> BSONDocument? {
            guard let start = unsafe bson_get_data(bson) else { return nil }
            let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(coffer_bson_length(bson)))
            return unsafe try? BSONDocument(bytes: Array(bytes))
        }
    }

    /// One transaction.
    @safe
    final class MongoSession {
        private let session: OpaquePointer

        fileprivate init(_ client: OpaquePointer) throws(MongoFailure) {
            var error = bson_error_t()
            guard let session = unsafe mongoc_client_start_session(client, nil, &error) else {
                throw MongoFailure(error, reply: nil)
            }
            let options = unsafe mongoc_transaction_opts_new()
            defer { unsafe mongoc_transaction_opts_destroy(options) }
            let concern = unsafe mongoc_write_concern_new()
            defer { unsafe mongoc_write_concern_destroy(concern) }
            unsafe mongoc_write_concern_set_wmajority(concern, 0)
            unsafe mongoc_write_concern_set_journal(concern, true)
            unsafe mongoc_transaction_opts_set_write_concern(options, concern)
            let level = unsafe mongoc_read_concern_new()
            defer { unsafe mongoc_read_concern_destroy(level) }
            unsafe mongoc_read_concern_set_level(level, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT)
            unsafe mongoc_transaction_opts_set_read_concern(options, level)
            guard unsafe mongoc_client_session_start_transaction(session, options, &error) else {
                unsafe mongoc_client_session_destroy(session)
                throw MongoFailure(error, reply: nil)
            }
            unsafe self.session = session
        }

        // What is open is aborted.
        deinit { unsafe mongoc_client_session_destroy(session) }

        fileprivate func append(to options: OpaquePointer?, _ error: inout bson_error_t) -> Bool {
            unsafe mongoc_client_session_append(session, options, &error)
        }

        /// Commits; libmongoc asks a second time by itself.
        func commit() throws(MongoFailure) {
            var error = bson_error_t()
            var isDone = false
            let reply = unsafe MongoConnection.replied { reply in
                isDone = unsafe mongoc_client_session_commit_transaction(session, reply, &error)
            }
            guard isDone else { throw MongoFailure(error, reply: reply) }
        }

        /// Undoes everything; a server that does not hear of it does so by itself after a minute.
        func abort() {
            unsafe mongoc_client_session_abort_transaction(session, nil)
        }
    }
#endif
