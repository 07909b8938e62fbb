/// Asks until the answer is yes; false when it never was.
///
/// For what happens in another process, which can't call back.
///
/// - Parameter seconds: how long to ask. Only a failing test waits that long; on a busy machine a server may need much of it.
public func eventually(within seconds: Double = 120, _ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if try await condition() { return true }
        // Often enough to go on at once, seldom enough to leave the machine to what is waited for.
        try? await Task.sleep(for: .milliseconds(5))
    }
    // On a busy machine the sleep itself may outlast the deadline.
    return try await condition()
}
