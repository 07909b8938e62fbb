public import ChainEVM
public import ChainNode
public import Primitives
import WalletConnectProtocol

/// Asks a chain what a contract would answer.
public protocol ContractCaller: Sendable {
    /// The returned bytes at the newest block; none when the call reverts, which is an answer, too.
    ///
    /// A call that takes too long is cancelled, and should end then.
    ///
    /// - Throws: when the chain cannot be asked, or is not known.
    func call(_ request: CallRequest, on chain: ChainID) async throws -> [UInt8]
}

/// Asks the nodes that are configured for their chains.
public struct NodeContractCaller: ContractCaller {
    private let nodes: [ChainID: any EVMNode]

    /// One node for each chain; the last of several for one chain counts.
    public init(nodes: [any EVMNode]) {
        self.nodes = Dictionary(nodes.map { ($0.chain, $0) }, uniquingKeysWith: { $1 })
    }

    public func call(_ request: CallRequest, on chain: ChainID) async throws -> [UInt8] {
        guard let node = nodes[chain] else { throw NodeError(.wrongChain, "no node for \(chain)") }
        do {
            return try await node.call(request, at: .latest)
        } catch {
            guard error.code == .reverted else { throw error }
            return []
        }
    }
}

/// Checks signatures: those of keys by itself, those of contracts by asking their chain.
struct SignatureChecker: Sendable {
    let contracts: (any ContractCaller)?
    let pace: Pace

    /// Milliseconds for all calls about one signature; a chain that is slower says nothing.
    static let deadlineMilliseconds: Int64 = 30_000

    /// Calls for one signature; a payload has few wordings.
    private static let callsMax = 16

    /// One result for each, in order.
    func check(_ cacaos: [Cacao]) async -> [SignatureResult] {
        var results: [SignatureResult] = []
        for cacao in cacaos { results.append(await inTime(cacao)) }
        return results
    }

    private func inTime(_ cacao: Cacao) async -> SignatureResult {
        await withTaskGroup(of: SignatureResult?.self) { group in
            group.addTask { await check(cacao) }
            group.addTask {
                await pace.sleep(milliseconds: Self.deadlineMilliseconds)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? .unknown
        }
    }

    private func check(_ cacao: Cacao) async -> SignatureResult {
        var verdict = SignatureCheck.verdict(of: cacao)
        for _ in 0..<Self.callsMax {
            switch verdict {
            case .valid: return .valid
            case .invalid(let problem): return Self.result(problem)
            case .needsCall(let call):
                guard let contracts else { return .unknown }
                do {
                    let answer = try await contracts.call(CallRequest(to: call.to, data: call.data), on: call.chain)
                    verdict = call.verdict(for: answer)
                } catch {
                    return .unknown
                }
            }
        }
        return .unknown
    }

    private static func result(_ problem: SignatureProblem) -> SignatureResult {
        switch problem {
        // Nobody here can say: not the same as a forgery.
        case .unknownType, .unsupportedNamespace: .unknown
        default: .invalid
        }
    }
}
