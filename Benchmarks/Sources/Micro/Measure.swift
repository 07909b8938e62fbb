import CReference

/// Microseconds of CPU for one call: the best of five runs of a quarter of a second, since whatever else runs can only
/// make it slower.
func microseconds(_ body: (Int) -> Void) -> Double {
    var count = 1
    var best = Double.infinity
    var elapsed: Int64 = 0
    while elapsed < 50_000_000 {
        count *= 2
        let start = reference_thread_time()
        body(count)
        elapsed = reference_thread_time() - start
    }
    count = count * 250_000_000 / Int(elapsed)
    for _ in 0..<5 {
        let start = reference_thread_time()
        body(count)
        best = min(best, Double(reference_thread_time() - start) / Double(count) / 1_000)
    }
    return best
}

/// One line of JSON for the driver.
func show(_ name: String, _ values: KeyValuePairs<String, Double>) {
    let members = values.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    print("{\"name\":\"\(name)\",\(members)}")
}

/// Keeps a value alive, so that the compiler can't leave its making out.
@inline(never)
func keep(_ value: some Any) {}
