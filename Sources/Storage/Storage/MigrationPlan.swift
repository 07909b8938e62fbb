/// Compares the migrations that a database has with those that the program wants.
public enum MigrationPlan {
    /// Checks that `applied` is a prefix of `wanted`; what is missing then is `wanted.dropFirst(applied.count)`.
    ///
    /// - Throws: code `schema` otherwise.
    public static func check(
        applied: [(name: String, fingerprint: String)], wanted: [Migration]
    ) throws(StorageError) {
        guard applied.count <= wanted.count else {
            throw StorageError(
                .schema,
                "the database has migration \(applied[wanted.count].name), which this program doesn't know: it is newer"
            )
        }
        for (have, want) in zip(applied, wanted) {
            guard have.name == want.name else {
                throw StorageError(.schema, "the database has migration \(have.name) where \(want.name) belongs")
            }
            guard have.fingerprint == want.fingerprint else {
                throw StorageError(.schema, "migration \(have.name) was applied in another form")
            }
        }
    }
}
