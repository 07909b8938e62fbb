import Primitives
import Storage
import Synchronization
import WalletConnectClient

extension WalletConnectBackend {
    /// How the backend does: the relay, the store, how much there is, every plugin.
    ///
    /// It never throws, and takes no longer than the store and the slowest plugin's deadline.
    public func health() async -> BackendHealth {
        let records: (any KeyValueStore)?
        do throws(BackendError) { records = try requireRunning() } catch { records = nil }
        let store = await storeHealth(records)
        let reports = await pluginHealth()
        let relay = client.relayStatus
        var status = BackendHealth.Status.up
        if reports.contains(where: { !$0.isHealthy }) { status = .degraded }
        switch relay {
        case .connecting: status = .degraded
        case .refused: status = .down
        case .idle, .online: break
        }
        if records == nil || store.error != nil { status = .down }
        return BackendHealth(
            status: status, isRunning: records != nil, relay: relay, store: store,
            figures: directory.withLock(\.figures), plugins: reports, at: clock.now)
    }

    private func storeHealth(_ records: (any KeyValueStore)?) async -> BackendHealth.Store {
        guard let records else { return BackendHealth.Store(latency: nil, error: "the backend is not running") }
        do throws(KeyValueError) {
            return BackendHealth.Store(latency: try await records.health(), error: nil)
        } catch {
            return BackendHealth.Store(latency: nil, error: "\(error)")
        }
    }

    private func pluginHealth() async -> [BackendHealth.Plugin] {
        let plugins = plugins
        return await withTaskGroup(of: (Int, BackendHealth.Plugin).self) { group in
            for (index, plugin) in plugins.enumerated() {
                group.addTask {
                    let ending = await plugin.run { try await plugin.plugin.health() }
                    let (isHealthy, detail) =
                        switch ending {
                        case .value(let words): (true, words)
                        case .refused(let refusal): (false, refusal.reason)
                        case .failed(let why): (false, why)
                        }
                    return (
                        index,
                        BackendHealth.Plugin(
                            name: plugin.plugin.name, isHealthy: isHealthy, detail: detail, failures: plugin.failures)
                    )
                }
            }
            var reports: [(Int, BackendHealth.Plugin)] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
