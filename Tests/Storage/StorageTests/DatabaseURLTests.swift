import Storage
import StorageSQL
import Testing

struct DatabaseURLTests {
    private func read(_ text: String) throws(StorageError) -> DatabaseURL {
        try DatabaseURL(
            text, schemes: ["postgres", "postgresql"], portDefault: 5_432,
            parameters: ["socket"] + ServerLimits.parameters)
    }

    @Test func `a URL is read into its parts`() throws {
        let url = try read("postgres://user%40name:p%3Aw%2F@db.example:6000/base%20one?pool=8&queue=9")
        #expect(url.user == "user@name" && url.host == "db.example" && url.port == 6_000 && url.database == "base one")
        #expect(url.password != nil)
        #expect(url["pool"] == "8" && url["socket"] == nil)
        #expect(url.description == "postgres://user@name@db.example:6000/base one")
        let limits = try ServerLimits(url)
        #expect(limits.pool == 8 && limits.queuedMax == 9)
        #expect(limits.statementTimeoutSeconds == ServerLimits.statementTimeoutSecondsDefault)
        // Only the last @ ends the login: many passwords are pasted as they are.
        #expect(try read("postgres://u:a@b@host/d").host == "host")
        #expect(try read("PostgreSQL://u@host/d").port == 5_432)
        #expect(try read("postgres://u@[::1]:7000/d").host == "::1")
        #expect(try read("postgres://u@[::1]/d").isLocal)
        #expect(try !read("postgres://u@10.0.0.1/d").isLocal)
        #expect(try read("postgres://u@127.1.2.3/d").isLocal && read("postgres://u@LocalHost/d").isLocal)
        for host in ["127.example.com", "127.0.0.1.example.com", "127.0.0.256", "127.0.0", "127.0.0.+1"] {
            #expect(try !read("postgres://u@\(host)/d").isLocal, "a name that only looks like an address")
        }
        #expect(try read("postgres://u@/d?socket=%2Frun%2Fpostgresql").isLocal)
    }

    @Test func `a password never shows`() throws {
        let url = try read("postgres://u:hunter2@host/d")
        #expect(!"\(url)".contains("hunter2") && !String(reflecting: url).contains("hunter2"))
        var dumped = ""
        dump(url, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    @Test(arguments: [
        "", "postgres", "postgres:/u:hunter2@h/d", "mysql://u:hunter2@h/d", "postgres://", "postgres://u:hunter2@h",
        "postgres://u:hunter2@h/", "postgres://:hunter2@h/d", "postgres://u:hunter2@/d", "postgres://u:hunter2@h:0/d",
        "postgres://u:hunter2@h:70000/d", "postgres://u:hunter2@h:x/d", "postgres://u:hunter2@[::1/d",
        "postgres://u:hunter2%@h/d", "postgres://u:hunter2%0@h/d", "postgres://u:hunter2%zz@h/d",
        "postgres://u:hunter2%00@h/d", "postgres://u:hunter2%ff@h/d", "postgres://u:hunter2@h/d/e",
        "postgres://u:hunter2@h/d?pool", "postgres://u:hunter2@h/d?pool=", "postgres://u:hunter2@h/d?pool=1&pool=2",
        "postgres://u:hunter2@h/d?nonsense=1", "postgres://u:hunter?2@h/d", "postgres://u:12?hunter2@h/d",
        "postgres://u:12?hunter2=3@h/d", "hunter2://u@h/d", "u:hunter2@h://d", "postgres://u@h/d?hunter2",
    ])
    func `a wrong URL is refused in words that hold no password`(_ text: String) throws {
        let error = try #require(throws: StorageError.self) { try read(text) }
        #expect(error.code == .configuration)
        #expect(!error.description.contains("hunter2"))
    }

    @Test func `limits have ranges`() throws {
        for parameters in [
            "pool=1", "pool=65", "pool=-1", "queue=0", "connect-timeout-seconds=1", "statement-timeout-seconds=0",
            "lock-timeout-seconds=61", "pool=0x10",
        ] {
            let url = try read("postgres://u@h/d?\(parameters)")
            #expect(throws: StorageError.self, "\(parameters)") { try ServerLimits(url) }
        }
    }
}
