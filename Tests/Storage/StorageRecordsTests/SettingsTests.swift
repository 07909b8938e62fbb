import Storage
import Testing

#if Redis
    import StorageRedis

    /// What `redis://` addresses may say.
    struct RedisSettingsTests {
        private func refusal(_ url: String) -> KeyValueError? {
            do throws(KeyValueError) {
                _ = try RedisSettings(url: url)
                return nil
            } catch {
                return error
            }
        }

        @Test func `an address is read`() throws {
            let settings = try RedisSettings(
                url:
                    "rediss://us%65r:p%40ss@[::1]:7000/3?ca=/etc/ca.pem&cert=/c&key=/k&pool=4&prefix=a.b-1_c&timeout=250"
            )
            #expect(settings.host == "::1")
            #expect(settings.port == 7000)
            #expect(settings.isSecure)
            #expect(settings.user == "user")
            #expect(settings.hasPassword)
            #expect(settings.database == 3)
            #expect(settings.authoritiesFile == "/etc/ca.pem")
            #expect(settings.connections == 4)
            #expect(settings.prefix == "a.b-1_c")
            #expect(settings.deadlineMilliseconds == 250)
            let plain = try RedisSettings(url: "redis://localhost")
            #expect(plain.port == 6379)
            #expect(!plain.isSecure)
            #expect(!plain.hasPassword)
            #expect(plain.prefix == "coffer")
        }

        @Test func `what is printed shows no password`() throws {
            let settings = try RedisSettings(url: "redis://user:verysecret@host/1")
            #expect("\(settings)" == "redis://user:***@host:6379/1?prefix=coffer")
            #expect(!String(reflecting: settings).contains("verysecret"))
        }

        @Test(arguments: [
            "http://h", "redis:h", "redis://", "redis://:p@", "redis://h:0", "redis://h:65536", "redis://h:verysecret",
            "redis://u@h", "redis://u:@h", "redis://u:%4@h", "redis://u:%ff@h", "redis://[::1", "redis://h/x",
            "redis://h/-1", "redis://h?pool=0", "redis://h?pool=65", "redis://h?pool=x", "redis://h?prefix=",
            "redis://h?prefix=a%7Bb", "redis://h?prefix=a:b", "redis://h?ca=/x", "rediss://h?cert=/x",
            "redis://h?timeout=0", "redis://h?pool=1&pool=2", "redis://h#f", "redis:// h", "redis://u:verysecret@h?x=1",
            "redis://u:verysecret?2@h", "redis://u:12?verysecret@h", "redis://u:12?verysecret=1@h",
            "redis://h?verysecret&verysecret",
        ])
        func `an address that cannot be used is refused without being quoted`(url: String) throws {
            let error = try #require(refusal(url))
            #expect(error.code == .invalidSettings)
            #expect(error.code.description == "invalid_settings")
            #expect(!error.description.contains("verysecret"))
        }

        @Test func `words in clear to another machine are noted`() throws {
            for (url, isNoted) in [
                ("redis://db.example", true), ("redis://127.example.com", true), ("redis://10.0.0.1", true),
                ("rediss://db.example", false), ("redis://127.0.0.1", false), ("redis://[::1]:7000", false),
                ("redis://localhost", false),
            ] {
                #expect(try RedisSettings(url: url).plainNote?.code == (isNoted ? "not_encrypted" : nil), "\(url)")
            }
        }

        @Test func `an unknown parameter is answered with the ones there are`() {
            #expect(
                refusal("redis://h?tls=verysecret")?.message
                    == "redis: tls is no parameter; there are ca, cert, key, pool, prefix, timeout")
        }
    }
#endif

#if MongoDB
    import StorageMongoDB

    /// What `mongodb://` addresses may say.
    struct MongoSettingsTests {
        private func refusal(_ url: String) -> KeyValueError? {
            do throws(KeyValueError) {
                _ = try MongoSettings(url: url)
                return nil
            } catch {
                return error
            }
        }

        @Test func `an address is read and printed without its password`() throws {
            let settings = try MongoSettings(
                url: "mongodb://u:verysecret@a:1,b:2/db?replicaSet=rs0&collection=c_1&pool=3&timeout=9&tls=true")
            #expect(settings.database == "db")
            #expect(settings.collection == "c_1")
            #expect(settings.connections == 3)
            #expect(settings.deadlineMilliseconds == 9)
            #expect("\(settings)" == "mongodb://***@a:1,b:2/db?collection=c_1")
            #expect(!String(reflecting: settings).contains("verysecret"))
            #expect(try MongoSettings(url: "mongodb://h").database == "coffer")
        }

        @Test(arguments: [
            "http://h", "mongodb://", "mongodb://h/a.b", "mongodb://h/?pool=0", "mongodb://h/?timeout=x",
            "mongodb://h/?collection=$x", "mongodb://u:verysecret@h/?tlsInsecure=true",
            "mongodb://u:verysecret@h/?w=1", "mongodb:// h", "mongodb://u:verysecret?2@h",
            "mongodb://u:12?verysecret@h", "mongodb://u:pa?verysecret@h/d", "mongodb://u:pa?verysecret=1@h/d",
        ])
        func `an address that cannot be used is refused without being quoted`(url: String) throws {
            let error = try #require(refusal(url))
            #expect(error.code == .invalidSettings)
            #expect(!error.description.contains("verysecret"))
        }

        @Test func `words in clear to another machine are noted`() throws {
            for (url, isNoted) in [
                ("mongodb://db.example", true), ("mongodb://localhost,db.example:27018/d", true),
                ("mongodb://db.example/?tls=false", true), ("mongodb+srv://db.example/?tls=false", true),
                ("mongodb://db.example/?tls=true", false), ("mongodb+srv://db.example", false),
                ("mongodb://127.0.0.1:1,[::1]:2,localhost/", false),
            ] {
                #expect(try MongoSettings(url: url).plainNote?.code == (isNoted ? "not_encrypted" : nil), "\(url)")
            }
        }

        @Test func `an unknown parameter is answered with the ones there are`() {
            #expect(
                refusal("mongodb://h/?w=0")?.message
                    == "mongodb: w is no parameter; there are appName, authMechanism, authSource, collection, "
                    + "directConnection, pool, replicaSet, timeout, tls, tlsCAFile, tlsCertificateKeyFile")
        }
    }
#endif
