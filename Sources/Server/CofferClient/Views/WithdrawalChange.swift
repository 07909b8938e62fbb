import Primitives

/// One event about a withdrawal, whether it came alone or inside an envelope.
package struct WithdrawalChange: Sendable, Equatable {
    /// `wd_…`; `nil` when the stream is about one withdrawal and does not repeat its id.
    package var id: String?
    /// Where it stands now; `nil` when the event is about something else, such as a wish to cancel.
    package var state: String?
    /// The event's type.
    package var type: String
    /// When.
    package var at: String?
    /// What else is worth knowing: the transaction, the reason.
    package var note: String

    /// Reads an event; `nil` when it is not about a withdrawal.
    package init?(_ event: ServerEvent) {
        let root = (try? JSON.parse(event.data)) ?? .null
        let inner = root["data"].flatMap { $0.members == nil ? nil : $0 } ?? root
        func text(_ name: String) -> String? { inner[name]?.string ?? root[name]?.string }
        type = event.type == "message" ? (root["type"]?.string ?? event.type) : event.type
        let prefix = "withdrawal."
        guard type.hasPrefix(prefix) else { return nil }
        let ids = [text("withdrawal_id"), text("id"), text("subject")]
        id = ids.compactMap { $0 }.first { $0.hasPrefix("wd_") }
        let named = String(type.dropFirst(prefix.count))
        if let told = text("state") {
            state = told
        } else if WithdrawalState.open.contains(named) || WithdrawalState.isFinal(named) {
            state = named
        }
        at = text("at")
        let notes = ["transaction_hash", "hash", "nonce", "block_number", "reason"].compactMap { name in
            (inner[name] ?? root[name]).flatMap { value in
                value.isNull ? nil : "\(name)=\(SafeText.line(ValueText.of(value)))"
            }
        }
        note = notes.joined(separator: " ")
        if state != nil, state != named, !WithdrawalState.open.contains(named), !WithdrawalState.isFinal(named) {
            note = note.isEmpty ? named : "\(named) \(note)"
        }
    }

    /// One line: when, which, where it stands, what else.
    package func line(id fallback: String? = nil) -> String {
        let parts = [at ?? "", id ?? fallback ?? "-", state ?? type, note]
        return SafeText.line(parts.filter { !$0.isEmpty }.joined(separator: "  "))
    }
}
