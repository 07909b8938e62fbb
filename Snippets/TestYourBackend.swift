// A test of a dApp's backend: a relay, a wallet that follows a script, and what must come of it.

import WalletConnectTesting

try await withTestRelay { relay in
    try await withScriptedWallet(relay: relay.url) { wallet in
        // In your test this is your own code, which is given relay.url and shows a URI.
        try await withScriptedDApp(relay: relay.url) { backend in
            let invitation = try await backend.invite(chains: ["eip155:1"])
            try await wallet.connect(invitation.uri)
            let session = try await invitation.session()

            // The wallet says no, then yes; the second answer is the account's signature, or this throws.
            wallet.script("personal_sign", .reject, .approve)
            do {
                try await backend.personalSign("I have read the terms.", in: session)
            } catch {
                print("refused: \(error)")
            }
            let signer = try await backend.personalSign("I have read the terms.", in: session)
            print("signed by \(signer), asked \(wallet.requestCount()) times")

            // The relay goes away in the middle of a request and comes back; nothing is lost.
            await relay.stop()
            async let late = backend.personalSign("Still there?", in: session)
            try await relay.start()
            print("signed by \(try await late) after the relay was away")
        }
    }
}
