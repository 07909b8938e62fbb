import Logging
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// Who listens to a kit, and what each is told.
///
/// Who is told what is decided under one lock, in the order of the client's events, and nothing else happens under it: a
/// task that is cancelled calls back while it holds a lock of its own, so that waking a task under ours could stop both.
/// A listener has a bounded queue; what waits for an answer while nobody listens is kept for the first who does.
final class EventHub: Sendable {
    /// A callback with its queue; ``serve()`` runs it.
    private struct Callback: Sendable {
        let number: UInt64
        let events: AsyncStream<WalletKitEvent>
        let body: @Sendable (WalletKitEvent) async -> Void
    }

    private struct Subscriber {
        let number: UInt64
        let names: Set<WalletKitEvent.Name>
        let isOnce: Bool
        let queue: AsyncStream<WalletKitEvent>.Continuation
    }

    /// An event on its way into the queues of those who listen to it.
    private struct Delivery {
        let event: WalletKitEvent
        let subscribers: [Subscriber]
    }

    private struct Book {
        /// In the order they came.
        var subscribers: [Subscriber] = []
        /// Callbacks that may still be called, with what they listen to.
        var callable: [UInt64: Set<WalletKitEvent.Name>] = [:]
        var last: UInt64 = 0
        /// What waits for an answer and was told to nobody, the oldest first.
        var untold: [WalletKitEvent] = []
        /// How many were added since those that were answered were last looked for.
        var untoldSinceLook = 0
        var turns = RequestTurns()
        /// What goes out next; one task at a time sees to it, whoever it is, so that the order stays.
        var outgoing: [Delivery] = []
        var isDelivering = false
        var dropped = 0
        var isFinished = false
    }

    private let book = Mutex(Book())
    private let callbacks: AsyncStream<Callback>
    private let newCallbacks: AsyncStream<Callback>.Continuation
    private let client: SignClient
    private let settings: WalletKitSettings
    private let logger: Logger

    init(client: SignClient, settings: WalletKitSettings, logger: Logger) {
        self.client = client
        self.settings = settings
        self.logger = logger
        (callbacks, newCallbacks) = AsyncStream.makeStream()
    }

    /// Events that were dropped because a listener was slow.
    var droppedCount: Int { book.withLock(\.dropped) }

    // MARK: Listening

    func events(_ names: Set<WalletKitEvent.Name>) -> AsyncStream<WalletKitEvent> {
        let (stream, queue) = newQueue()
        guard let number = book.withLock({ add(names, isOnce: false, queue, &$0) }) else {
            queue.finish()
            return stream
        }
        queue.onTermination = { [weak self] _ in self?.remove(number) }
        deliver()
        return stream
    }

    func listen(
        to names: Set<WalletKitEvent.Name>, isOnce: Bool, _ body: @escaping @Sendable (WalletKitEvent) async -> Void
    ) -> UInt64 {
        let (stream, queue) = newQueue()
        let number = book.withLock { book -> UInt64? in
            guard let number = add(names, isOnce: isOnce, queue, &book) else { return nil }
            book.callable[number] = names
            return number
        }
        guard let number else {
            queue.finish()
            return 0
        }
        newCallbacks.yield(Callback(number: number, events: stream, body: body))
        deliver()
        return number
    }

    /// Ends a listener: it is told of nothing that comes after this.
    func remove(_ number: UInt64) {
        let queue = book.withLock { book -> AsyncStream<WalletKitEvent>.Continuation? in
            book.callable[number] = nil
            return take(number, &book)?.queue
        }
        queue?.finish()
    }

    /// Ends the callbacks of a kind of event, or all of them.
    func removeCallbacks(of name: WalletKitEvent.Name?) {
        let queues = book.withLock { book -> [AsyncStream<WalletKitEvent>.Continuation] in
            let gone = book.callable.filter { name.map($0.value.contains) ?? true }.map(\.key)
            return gone.compactMap { number in
                book.callable[number] = nil
                return take(number, &book)?.queue
            }
        }
        for queue in queues { queue.finish() }
    }

    func count(of name: WalletKitEvent.Name) -> Int {
        book.withLock { $0.subscribers.count { $0.names.contains(name) } }
    }

    private func newQueue() -> (AsyncStream<WalletKitEvent>, AsyncStream<WalletKitEvent>.Continuation) {
        AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(settings.listenerEventsMax))
    }

    private func add(
        _ names: Set<WalletKitEvent.Name>, isOnce: Bool, _ queue: AsyncStream<WalletKitEvent>.Continuation,
        _ book: inout Book
    ) -> UInt64? {
        guard !book.isFinished else { return nil }
        book.last += 1
        let number = book.last
        book.subscribers.append(Subscriber(number: number, names: names, isOnce: isOnce, queue: queue))
        catchUp(number, names, &book)
        if names.contains(.sessionRequest) { wakeStalled(&book) }
        listensChanged(book)
        return number
    }

    /// Tells a new listener of what waits and was told to nobody.
    private func catchUp(_ number: UInt64, _ names: Set<WalletKitEvent.Name>, _ book: inout Book) {
        guard book.untold.contains(where: { names.contains($0.name) }) else { return }
        forgetAnswered(&book)
        for event in book.untold where names.contains(event.name) {
            guard let subscriber = book.subscribers.first(where: { $0.number == number }) else { return }
            tell([subscriber], event, &book)
            book.untold.removeAll { $0.question == event.question }
        }
    }

    private func take(_ number: UInt64, _ book: inout Book) -> Subscriber? {
        guard let index = book.subscribers.firstIndex(where: { $0.number == number }) else { return nil }
        let subscriber = book.subscribers.remove(at: index)
        listensChanged(book)
        return subscriber
    }

    /// The client shows sign-ins while somebody listens to them.
    private func listensChanged(_ book: borrowing Book) {
        guard settings.signIns == .whenListened else { return }
        let isHeard = book.subscribers.contains { $0.names.contains(.sessionAuthenticate) }
        if client.handlesAuthentication != isHeard { client.handlesAuthentication = isHeard }
    }

    // MARK: Telling

    /// Tells whoever listens.
    func publish(_ event: WalletKitEvent) {
        book.withLock { book in
            guard !book.isFinished else { return }
            if case .sessionRequest(let request) = event, settings.requests == .onePerSession {
                return nextTurn(on: request.topic, &book)
            }
            distribute(event, &book)
            switch event {
            case .sessionRequestExpire(let expiration): nextTurn(on: expiration.topic, &book)
            case .sessionDelete(let deletion):
                book.turns.end(deletion.topic)
                book.untold.removeAll { $0.question?.topic == deletion.topic }
            default: break
            }
        }
        deliver()
    }

    /// A request was answered: the next of its session has its turn.
    func answered(on topic: Topic) {
        guard settings.requests == .onePerSession else { return }
        book.withLock { book in
            nextTurn(on: topic, &book)
            wakeStalled(&book)
        }
        deliver()
    }

    /// Shows what nobody took, now that somebody has time; what is dropped again waits for the next time.
    private func wakeStalled(_ book: inout Book) {
        for topic in book.turns.stalled(atMost: Self.wokenMax) { nextTurn(on: topic, &book) }
    }

    /// Sessions whose request is shown again at once.
    private static let wokenMax = 64

    private func nextTurn(on topic: Topic, _ book: inout Book) {
        guard settings.requests == .onePerSession, !book.isFinished else { return }
        guard let request = book.turns.next(on: topic, pending: client.shownRequests(of: topic)) else { return }
        distribute(.sessionRequest(request), &book)
    }

    private func distribute(_ event: WalletKitEvent, _ book: inout Book) {
        let listeners = book.subscribers.filter { $0.names.contains(event.name) }
        if !listeners.isEmpty { return tell(listeners, event, &book) }
        guard let question = event.question else { return }
        // An address that is scanned again shows its proposal again.
        book.untold.removeAll { $0.question == question }
        book.untold.append(event)
        book.untoldSinceLook += 1
        guard book.untold.count > settings.untoldEventsMax else { return }
        // Looking takes as long as much is pending, so it is done once for many events.
        if book.untoldSinceLook > settings.untoldEventsMax { forgetAnswered(&book) }
        while book.untold.count > settings.untoldEventsMax {
            if case .sessionRequest(let request) = book.untold.removeFirst() { book.turns.nobodyTook(request) }
        }
    }

    private func tell(_ subscribers: [Subscriber], _ event: WalletKitEvent, _ book: inout Book) {
        book.outgoing.append(Delivery(event: event, subscribers: subscribers))
        for subscriber in subscribers where subscriber.isOnce { _ = take(subscriber.number, &book) }
    }

    /// Puts what goes out into the listeners' queues, outside of the lock.
    private func deliver() {
        let isOurs = book.withLock { book in
            guard !book.isDelivering else { return false }
            book.isDelivering = true
            return true
        }
        // Another task delivers, and sees what was added.
        guard isOurs else { return }
        while true {
            let batch = book.withLock { book in
                let batch = book.outgoing
                book.outgoing = []
                book.isDelivering = !batch.isEmpty
                return batch
            }
            if batch.isEmpty { return }
            for delivery in batch { put(delivery) }
        }
    }

    private func put(_ delivery: Delivery) {
        var (takers, drops) = (0, 0)
        for subscriber in delivery.subscribers {
            switch subscriber.queue.yield(delivery.event) {
            case .enqueued: takers += 1
            case .dropped: drops += 1
            // It has just ended.
            case .terminated: break
            @unknown default: break
            }
            if subscriber.isOnce { subscriber.queue.finish() }
        }
        guard takers < delivery.subscribers.count else { return }
        book.withLock { book in
            book.dropped += drops
            if takers == 0, case .sessionRequest(let request) = delivery.event { book.turns.nobodyTook(request) }
        }
        guard drops > 0 else { return }
        logger.warning(
            "walletkit listener is slow, event dropped",
            metadata: ["event": "\(delivery.event.name.rawValue)", "listeners": "\(drops)"])
    }

    /// Forgets what was answered, or ran out, before anybody was told.
    private func forgetAnswered(_ book: inout Book) {
        var open: Set<Question> = []
        for received in client.pendingProposals {
            open.insert(Question(.sessionProposal, received.proposal.pairingTopic, received.proposal.id))
        }
        for received in client.pendingAuthentications {
            open.insert(Question(.sessionAuthenticate, received.pairingTopic, received.id))
        }
        for request in client.pendingRequests() {
            open.insert(Question(.sessionRequest, request.topic, request.id))
        }
        book.untold.removeAll { event in event.question.map { !open.contains($0) } ?? true }
        book.untoldSinceLook = 0
    }

    // MARK: Life

    /// Runs the callbacks, each in the order of its events, until the kit ends.
    func serve() async {
        await withDiscardingTaskGroup { group in
            for await callback in callbacks {
                group.addTask { await self.serve(callback) }
            }
        }
    }

    private func serve(_ callback: Callback) async {
        for await event in callback.events {
            guard book.withLock({ $0.callable[callback.number] != nil }) else { break }
            await callback.body(event)
        }
        remove(callback.number)
    }

    /// Ends every listener, and every later one at once.
    func finish() {
        let queues = book.withLock { book in
            book.isFinished = true
            let queues = book.subscribers.map(\.queue)
            book.subscribers = []
            book.callable = [:]
            book.untold = []
            book.outgoing = []
            book.turns = RequestTurns()
            return queues
        }
        for queue in queues { queue.finish() }
        newCallbacks.finish()
    }
}
