/// Compares the migrations that a database has with those that the program wants.
///
/// Steps are known by their names. A program may join several series, `a + b`, and each may grow at its own end: what is
/// missing is applied in the order of the list, wherever in it.
public enum MigrationPlan {
    /// The migrations of `wanted` that are not in `applied`, in their order.
    ///
    /// - Throws: code `schema` when an applied one is unknown or was applied in another form, or a name is there twice.
    public static func missing(
        applied: [(name: String, fingerprint: String)], wanted: [Migration]
    ) throws(StorageError) -> [Migration] {
        var known: [String: Migration] = [:]
        for migration in wanted where known.updateValue(migration, forKey: migration.name) != nil {
            throw StorageError(.schema, "two migrations are named \(migration.name)")
        }
        var missing = known
        for have in applied {
            guard let want = known[have.name] else {
                throw StorageError(
                    .schema, "the database has migration \(have.name), which this program doesn't know: it is newer")
            }
            guard have.fingerprint == want.fingerprint else {
                throw StorageError(.schema, "migration \(have.name) was applied in another form")
            }
            missing[have.name] = nil
        }
        return wanted.filter { missing[$0.name] != nil }
    }
}
