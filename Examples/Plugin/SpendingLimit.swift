import Primitives
import Synchronization
import WalletConnectBackend

/// Counts what wallets are asked, and refuses transactions that pay too much before a wallet sees them.
///
/// A class because its counts are shared by requests that go on at the same time.
final class SpendingLimit: BackendPlugin {
    struct Counts: Sendable {
        var asked = 0
        var refused = 0
        var done = 0
        var failed = 0
    }

    let name = "spending-limit"
    /// What cannot be judged is refused: a limit that fails open is none.
    let isRequired = true
    private let valueMax: UInt256
    private let state = Mutex(Counts())

    /// - Parameter valueMax: the most that one transaction may pay, in wei.
    init(valueMax: UInt256) { self.valueMax = valueMax }

    var counts: Counts { state.withLock { $0 } }

    func before(_ call: WalletCall) async throws {
        state.withLock { $0.asked += 1 }
        guard call.kind == .transaction, try value(of: call) > valueMax else { return }
        state.withLock { $0.refused += 1 }
        // The reason is shown to whoever asked, so it says what would be allowed.
        throw PluginRefusal("at most \(valueMax) wei in one transaction")
    }

    func after(_ call: WalletCall, _ outcome: CallOutcome) async throws {
        state.withLock { counts in
            if case .result = outcome { counts.done += 1 } else { counts.failed += 1 }
        }
    }

    func health() async throws -> String {
        let counts = counts
        return "\(counts.asked) asked, \(counts.refused) refused"
    }

    /// A transaction without a value pays nothing; one with a value that is no number is refused.
    private func value(of call: WalletCall) throws -> UInt256 {
        guard let value = call.params?[0]?["value"], !value.isNull else { return .zero }
        guard let text = value.string, let amount = try? UInt256(hexQuantity: text) else {
            throw PluginRefusal("the transaction's value is no number")
        }
        return amount
    }
}
