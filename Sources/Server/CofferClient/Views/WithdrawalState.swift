/// The words in which the API says where a withdrawal stands.
package enum WithdrawalState {
    /// Those in which work is still going on, in the order in which they come.
    package static let open = [
        "accepted", "validating", "awaiting_approval", "queued", "signing", "signed", "broadcast", "unknown", "mined",
    ]
    /// Those that end it.
    package static let final = ["confirmed", "rejected", "cancelled", "failed"]

    /// Whether a withdrawal in this state is over.
    package static func isFinal(_ state: String) -> Bool { final.contains(state) }

    /// The colour of a state: what is paid is green, what will not be paid is red, what needs a look is yellow.
    package static func colour(_ state: String) -> Terminal.Colour? {
        switch state {
        case "confirmed": .green
        case "failed", "rejected": .red
        case "unknown", "awaiting_approval", "cancelled": .yellow
        default: nil
        }
    }
}
