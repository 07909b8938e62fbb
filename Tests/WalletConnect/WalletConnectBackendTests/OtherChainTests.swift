import Primitives
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@Suite(.timeLimit(.minutes(10)))
struct OtherChainTests {
    let alice = ConnectionTarget.user("alice")

    @Test func `Solana's methods have typed params and results`() async throws {
        let options = World.Options {
            $0.wallet = { settings in
                settings.families = [.solana]
                settings.extraMethods = ["solana_signAllTransactions"]
            }
        }
        try await World.with(options) { world in
            let connection = try await world.connect("alice", [World.solana])
            let (backend, key) = (world.backend, world.wallet.keys.solana())
            #expect(connection.accounts.map(\.address) == [key.address])
            #expect(try await backend.solanaAccounts(on: World.solana, for: alice) == [key.address])
            let message = try await backend.solanaSignMessage([1, 2, 3], on: World.solana, for: alice)
            #expect(message.verification == .key)
            #expect(message.signature == key.sign([1, 2, 3]))
            let transaction = [UInt8](repeating: 0, count: 65) + [9, 9, 9]
            let one = [1] + transaction.dropFirst()
            let signed = try await backend.solanaSignTransaction(one, on: World.solana, for: alice)
            #expect(signed.signature == key.sign([9, 9, 9]))
            #expect(signed.transaction?.suffix(3).elementsEqual([9, 9, 9]) == true)
            let sent = try await backend.solanaSendTransaction(
                one, sendOptions: ["skipPreflight": true], on: World.solana, for: alice)
            #expect(sent.signature == key.sign([9, 9, 9]))
            #expect(world.wallet.requests.last?.params?["sendOptions"]?["skipPreflight"] == true)
            world.wallet.script("solana_signAllTransactions", .answer(["transactions": ["AQID", "BAUG"]]))
            let all = try await backend.solanaSignAllTransactions([[1], [2]], on: World.solana, for: alice)
            #expect(all == [[1, 2, 3], [4, 5, 6]] as [[UInt8]])
            let fewer = await World.failure {
                try await backend.solanaSignAllTransactions([[1]], on: World.solana, for: alice)
            }
            #expect(fewer?.code == .invalidResponse)

            world.wallet.script("solana_signMessage", .forge)
            let forged = await World.failure {
                try await backend.solanaSignMessage([1, 2, 3], on: World.solana, for: alice)
            }
            #expect(forged?.code == .invalidResponse)
            world.wallet.scriptEverything(.garbage)
            let garbage = await World.failure { try await backend.solanaAccounts(on: World.solana, for: alice) }
            #expect(garbage?.code == .invalidResponse)
            let large = await World.failure {
                try await backend.solanaSignTransaction(
                    [UInt8](repeating: 1, count: 1233), on: World.solana, for: alice)
            }
            #expect(large?.field == "transaction")
        }
    }

    @Test func `Bitcoin's methods have typed params and results`() async throws {
        let options = World.Options {
            $0.wallet = { settings in
                settings.families = [.bitcoin]
                settings.extraMethods = ["signPsbt"]
            }
        }
        try await World.with(options) { world in
            try await world.connect("alice", [World.bitcoin])
            let (backend, key) = (world.backend, world.wallet.keys.bitcoin())
            let txid = try await backend.bitcoinSend(
                BitcoinTransfer(to: key.address, satoshis: 1_000, memo: [0xCA, 0xFE]), on: World.bitcoin, for: alice)
            #expect(txid.count == 64)
            #expect(
                world.wallet.requests.last?.params == [
                    "account": .string(key.address), "recipientAddress": .string(key.address), "amount": "1000",
                    "memo": "cafe",
                ])
            let addresses = try await backend.bitcoinAddresses(on: World.bitcoin, for: alice)
            #expect(addresses.map(\.address) == [key.address])
            #expect(addresses.first?.intention == "payment")
            let message = try await backend.bitcoinSignMessage("hello", on: World.bitcoin, for: alice)
            #expect(message.address == key.address)
            #expect(message.signature == Hex.encode(key.sign(text: "hello")))
            let psbt: [UInt8] = [0x70, 0x73, 0x62, 0x74, 0xFF, 1]
            world.wallet.script("signPsbt", .answer(["psbt": .string(Base64.encode(psbt + [2]))]))
            let signed = try await backend.bitcoinSign(
                psbt: psbt, inputs: [BitcoinInput(address: key.address, index: 0, sighashTypes: [1])],
                on: World.bitcoin, for: alice)
            #expect(signed.psbt == psbt + [2])
            #expect(signed.txid == nil)
            #expect(world.wallet.requests.last?.params?["signInputs"]?[0]?["sighashTypes"] == [1])
            let unsent = await World.failure {
                try await backend.bitcoinSign(psbt: psbt, broadcasts: true, on: World.bitcoin, for: alice)
            }
            #expect(unsent?.code == .invalidResponse)
            let noPSBT = await World.failure { try await backend.bitcoinSign(psbt: [1], on: World.bitcoin, for: alice) }
            #expect(noPSBT?.field == "psbt")
            let nothing = await World.failure {
                try await backend.bitcoinSend(
                    BitcoinTransfer(to: key.address, satoshis: 0), on: World.bitcoin, for: alice)
            }
            #expect(nothing?.field == "satoshis")
            let nowhere = await World.failure {
                try await backend.bitcoinSend(BitcoinTransfer(to: "??", satoshis: 1), on: World.bitcoin, for: alice)
            }
            #expect(nowhere?.field == "recipient")
            world.wallet.scriptEverything(.garbage)
            world.wallet.script("sendTransfer", .garbage)
            let garbage = await World.failure {
                try await backend.bitcoinSend(
                    BitcoinTransfer(to: key.address, satoshis: 1), on: World.bitcoin, for: alice)
            }
            #expect(garbage?.code == .invalidResponse)
        }
    }

    @Test func `one session carries chains of every kind`() async throws {
        try await World.with(World.Options { $0.wallet = { $0.families = [.evm, .solana, .bitcoin] } }) { world in
            let connection = try await world.connect("alice", [World.mainnet, World.solana, World.bitcoin])
            #expect(Set(connection.accounts.map(\.chain)) == [World.mainnet, World.solana, World.bitcoin])
            _ = try await world.backend.signMessage("a", on: World.mainnet, for: alice)
            _ = try await world.backend.solanaSignMessage([1], on: World.solana, for: alice)
            _ = try await world.backend.bitcoinSignMessage("a", on: World.bitcoin, for: alice)
            let wrong = await World.failure {
                try await world.backend.solanaSignMessage([1], on: World.mainnet, for: alice)
            }
            #expect(wrong?.code == .unsupportedChain)
        }
    }
}
