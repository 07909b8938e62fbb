import Primitives
import Testing
import WalletConnectProtocol

@testable import WalletConnectBackend

struct ConnectionRequestTests {
    @Test func `methods and events go to the namespaces they belong to`() throws {
        let request = ConnectionRequest(
            userID: "alice",
            chains: [
                try ChainID("eip155:1"), try ChainID("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
                try ChainID("eip155:137"), try ChainID("eip155:1"),
            ],
            methods: ["personal_sign", "solana_signMessage", "eth_call", "something"], events: ["chainChanged"])
        let offered = try request.offered()
        #expect(offered.keys == ["eip155", "solana"])
        #expect(offered["eip155"]?.chains == ["eip155:1", "eip155:137"])
        #expect(offered["eip155"]?.methods == ["personal_sign", "eth_call", "something"])
        #expect(offered["solana"]?.methods == ["solana_signMessage"])
        #expect(offered["eip155"]?.events == ["chainChanged"])
        #expect(offered["solana"]?.events == [] as [String])
    }

    @Test func `what belongs to no namespace is asked for in the first`() throws {
        let request = ConnectionRequest(
            userID: "alice",
            chains: [try ChainID("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"), try ChainID("eip155:1")],
            methods: ["something"], events: ["some_thing", "other", "eip155_thing"])
        let offered = try request.offered()
        #expect(offered["solana"]?.methods == ["something"])
        #expect(offered["solana"]?.events == ["some_thing"])
        #expect(offered["eip155"]?.events == ["other", "eip155_thing"])
    }

    @Test func `without methods the usual ones of each namespace are asked for`() throws {
        let offered = try ConnectionRequest(
            userID: "a", chains: [try ChainID("bip122:000000000019d6689c085ae165831e93")]
        )
        .offered()
        #expect(offered["bip122"]?.methods == ["sendTransfer", "getAccountAddresses", "signPsbt", "signMessage"])
    }

    @Test func `no chain at all is refused by its name`() throws {
        let error = #expect(throws: BackendError.self) { try ConnectionRequest(userID: "a", chains: []).offered() }
        #expect(error?.code == .invalidParams)
        #expect(error?.field == "chains")
    }
}
