/// Who is told what happens.
extension WalletKit {
    /// What happens from now on, for one listener.
    ///
    /// The first listener of a kind is also told of what waits for an answer and came while nobody listened, so that nothing
    /// is lost between the start and the first listener. A listener that is slow loses the newest events beyond
    /// ``WalletKitSettings/listenerEventsMax``; what waits for an answer can be read all the same. The stream ends with the kit, or with the listener.
    ///
    /// - Parameter names: the kinds of events; sign-ins are among them only by name, since dApps send nothing else while
    ///   somebody listens to them, see ``SignInShowing``.
    public func events(
        _ names: Set<WalletKitEvent.Name> = .allButSignIns
    ) -> AsyncStream<WalletKitEvent> {
        hub.events(names)
    }

    /// Calls `listener` for every event of a kind, one after the other, while the kit runs.
    ///
    /// It is called inside ``run()``, outside of any lock: a slow listener keeps nobody waiting but its own next call, and a
    /// kit that ends waits for the call that is under way.
    ///
    /// - Returns: what ``off(_:)`` ends it with; whoever drops it goes on listening.
    @discardableResult
    public func on<Payload>(
        _ kind: WalletKitEventKind<Payload>, _ listener: @escaping @Sendable (Payload) async -> Void
    ) -> WalletKitListener {
        listen(kind, isOnce: false, listener)
    }

    /// Calls `listener` for the next event of a kind, and never again.
    ///
    /// - Returns: what ``off(_:)`` ends it with before.
    @discardableResult
    public func once<Payload>(
        _ kind: WalletKitEventKind<Payload>, _ listener: @escaping @Sendable (Payload) async -> Void
    ) -> WalletKitListener {
        listen(kind, isOnce: true, listener)
    }

    /// Ends a listener, and no other: what comes after this is not told to it.
    ///
    /// A call that is under way in another task, or is beginning at this moment, goes on.
    public func off(_ listener: WalletKitListener) {
        guard listener.hub === hub else { return }
        hub.remove(listener.number)
    }

    /// The same as ``off(_:)``.
    public func removeListener(_ listener: WalletKitListener) {
        off(listener)
    }

    /// Ends the listeners of ``on(_:_:)`` and ``once(_:_:)``, of one kind of event or all; streams go on.
    public func removeAllListeners(of name: WalletKitEvent.Name? = nil) {
        hub.removeCallbacks(of: name)
    }

    /// How many listen to a kind of event, streams among them.
    public func listenerCount(of name: WalletKitEvent.Name) -> Int {
        hub.count(of: name)
    }

    private func listen<Payload>(
        _ kind: WalletKitEventKind<Payload>, isOnce: Bool, _ listener: @escaping @Sendable (Payload) async -> Void
    ) -> WalletKitListener {
        let number = hub.listen(to: [kind.name], isOnce: isOnce) { event in
            if let payload = kind.payload(event) { await listener(payload) }
        }
        return WalletKitListener(hub: hub, number: number)
    }
}

/// A listener of a kit, to be ended by ``WalletKit/off(_:)``.
public struct WalletKitListener: Sendable {
    let hub: EventHub
    let number: UInt64
}
