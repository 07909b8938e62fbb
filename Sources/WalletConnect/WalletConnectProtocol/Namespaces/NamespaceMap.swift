/// Values by namespace, in the order in which they were given.
///
/// The order matters to what is sent: attestations are bound to the exact text, and users are shown chains in the order
/// of the app. Keys are a family of chains (`eip155`) or a single chain (`eip155:1`), and are compared byte by byte.
public struct NamespaceMap<Value: Sendable & Hashable>: Sendable, Hashable {
    /// One namespace.
    public struct Entry: Sendable, Hashable {
        /// The family of chains or the chain.
        public var key: String
        /// What is said about it.
        public var value: Value

        /// Makes an entry.
        public init(key: String, value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// The namespaces in order, each key once.
    public private(set) var entries: [Entry]

    /// A map without namespaces.
    public init() { entries = [] }

    /// A map of entries; of those with the same key, the last one counts.
    public init(_ entries: [Entry]) {
        self.init()
        self.entries.reserveCapacity(entries.count)
        for entry in entries { self[entry.key] = entry.value }
    }

    /// A map of entries whose keys are known to differ.
    init(unique entries: [Entry]) { self.entries = entries }

    /// Whether there is no namespace.
    public var isEmpty: Bool { entries.isEmpty }
    /// How many namespaces there are.
    public var count: Int { entries.count }
    /// The keys in order.
    public var keys: [String] { entries.map(\.key) }
    /// The values in order.
    public var values: [Value] { entries.map(\.value) }

    /// The value of a namespace; setting one that is new adds it at the end, setting nil removes it.
    public subscript(key: String) -> Value? {
        get {
            for entry in entries where entry.key.isExactly(key) { return entry.value }
            return nil
        }
        set {
            let place = entries.firstIndex { $0.key.isExactly(key) }
            switch (place, newValue) {
            case (let place?, let value?): entries[place].value = value
            case (let place?, nil): entries.remove(at: place)
            case (nil, let value?): entries.append(Entry(key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension NamespaceMap: ExpressibleByDictionaryLiteral {
    /// A map in the order of the literal; of equal keys, the last one counts.
    public init(dictionaryLiteral elements: (String, Value)...) {
        self.init(elements.map { Entry(key: $0.0, value: $0.1) })
    }
}

extension String {
    /// Whether both are the same UTF-8.
    ///
    /// `==` also equates different spellings of a character, some of which look like ASCII; an approved method or chain
    /// must not be matched by a look-alike.
    @inline(__always)
    func isExactly(_ other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
