import NIOCore
package import WalletConnectProtocol

/// What becomes of one push, where a test says so.
package enum PushFate: Sendable {
    /// It goes to its reader's socket.
    case arrives
    /// It goes there twice, as at-least-once delivery allows.
    case arrivesTwice
    /// Somebody keeps it until they carry it off, by calling what they are handed.
    case waits(@Sendable (_ carryOff: @escaping @Sendable () -> Void) -> Void)
    /// It does not reach the socket; the mailbox still has it.
    case vanishes
    /// The mailbox forgets it as well.
    case isLost
}

/// Decides what becomes of a push, by its topic and tag.
package typealias DecidePushFate = @Sendable (_ topic: Topic, _ tag: UInt32) -> PushFate

extension RelayOutput {
    /// Carries out the fate of a push that is on its way to its reader.
    mutating func send(_ text: ByteBuffer, to peer: any RelayPeer, _ fate: PushFate) {
        switch fate {
        case .arrives: push(text, to: peer)
        case .arrivesTwice:
            push(text, to: peer)
            push(text, to: peer)
        case .waits(let keep):
            keep {
                peer.putPush(text)
                peer.deliver()
            }
        case .vanishes, .isLost: return
        }
    }
}
