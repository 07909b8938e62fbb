// Two sides who share a pairing URI exchange a sealed message.

import Primitives
import WalletConnectProtocol

// The dApp shows an invitation: a fresh key, and its hash as the topic to meet at.
let invitation = PairingURI(symKey: SymmetricKey(random: .system))
print(invitation.text)

// The wallet reads it, from a QR code or a link.
let read = try PairingURI(parsing: invitation.text)

// Whoever has the key can write to the topic; the relay between them sees sealed bytes only.
var ids = PayloadIDs(random: .system)
let ping = PeerMessage.request(
    id: .number(ids.next(at: WallClock.system.now)), method: WCMethod.pairingPing.rawValue, params: [:])
let message = Envelope.seal(ping.encoded(), key: read.symKey)

let opened = try Envelope.open(message, key: invitation.symKey)
guard case .request(_, let method, _) = try PeerMessage(plaintext: opened.plaintext) else {
    preconditionFailure("the dApp reads what the wallet wrote")
}
print("\(invitation.topic): \(method), tag \(WCMethod.pairingPing.rules.request.tag)")
