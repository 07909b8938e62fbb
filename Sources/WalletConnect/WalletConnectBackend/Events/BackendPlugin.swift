/// Something of the application's own that takes part in what the backend does.
///
/// A hook that throws or takes longer than ``BackendSettings/pluginMilliseconds`` is reported as an error and left alone:
/// the backend goes on without it. Code that ends the process ends the backend, too; nothing can keep it from that.
///
/// ```swift
/// struct Limits: BackendPlugin {
///     let name = "limits"
///     func before(_ call: WalletCall) async throws {
///         if await spentToday(call.userID) > limit { throw PluginRefusal("the daily limit is reached") }
///     }
/// }
/// ```
public protocol BackendPlugin: Sendable {
    /// Its name in errors, metrics and health.
    var name: String { get }
    /// Whether a request is refused when ``before(_:)`` fails or takes too long; else only a ``PluginRefusal`` refuses.
    var isRequired: Bool { get }
    /// A request is about to be made; throws ``PluginRefusal`` to refuse it.
    func before(_ call: WalletCall) async throws
    /// A request has ended.
    func after(_ call: WalletCall, _ outcome: CallOutcome) async throws
    /// Something happened. Events come one after the other.
    func on(_ event: BackendEvent) async throws
    /// How it does; thrown errors are shown as its failure.
    func health() async throws -> String
}

extension BackendPlugin {
    public var isRequired: Bool { false }
    public func before(_ call: WalletCall) async throws {}
    public func after(_ call: WalletCall, _ outcome: CallOutcome) async throws {}
    public func on(_ event: BackendEvent) async throws {}
    public func health() async throws -> String { "ok" }
}

/// What a plugin throws to refuse a request.
public struct PluginRefusal: Error, Sendable, Hashable {
    /// Why, in words that the caller is given.
    public let reason: String

    /// A refusal.
    public init(_ reason: String) {
        self.reason = reason
    }
}
