import ChainEVM
import Foundation
import Primitives
import TestServers

/// The project's own development chain, in a Python process: contracts are deployed in real blocks, and calls are made
/// as a node makes them.
enum EVM {
    /// Why suites that need it are skipped.
    static let absence = "no Python with py-evm; make .venv, or name one in COFFER_PYTHON"

    /// Whether py-evm can be imported.
    static let isPresent: Bool = {
        guard FileManager.default.isExecutableFile(atPath: Checkout.python) else { return false }
        return (try? run("import eth, eth_abi; print('yes')", lines: [])) == ["yes"]
    }()

    /// Deploys contracts and calls programs that have no receiver.
    ///
    /// The faucet of a fresh chain deploys `contracts` one after the other, so their addresses are the same each time.
    ///
    /// - Returns: the contracts' addresses, and for each program its answer, nil when it failed.
    static func execute(
        contracts: [[UInt8]], programs: [[UInt8]]
    ) throws -> (addresses: [Address], answers: [[UInt8]?]) {
        let lines = try run(
            script, lines: [String(contracts.count)] + (contracts + programs).map { Hex.encodePrefixed($0) })
        let addresses = try lines.prefix(contracts.count).map { try Address(ignoringChecksum: $0) }
        let answers = try lines.dropFirst(contracts.count).map { $0 == "error" ? nil : try Hex.decodePrefixed($0) }
        return (Array(addresses), answers)
    }

    /// Runs a Python program with lines on its standard input, and gives the lines of its standard output.
    static func run(_ program: String, lines: [String]) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files in place of pipes: neither side can wait for the other to empty one.
        let input = folder.appendingPathComponent("in")
        let output = folder.appendingPathComponent("out")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: input)
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Checkout.python)
        process.arguments = ["-c", program]
        process.currentDirectoryURL = URL(filePath: Checkout.root)
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
        return String(decoding: try Data(contentsOf: output), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    struct Failure: Error { let status: Int32 }

    private static let script = """
        import sys
        from devnet.evm.errors import RpcError
        from devnet.evm.node import Node, Options
        from devnet.evm.pool import Rules
        from devnet.evm.rpc import Methods
        from eth._utils.address import generate_contract_address

        lines = sys.stdin.read().split()
        count = int(lines[0])
        node = Node(Options(mode="manual"), Rules())
        for text in lines[1 : count + 1]:
            nonce = node.chain.state().get_nonce(node.faucet.address)
            node._from_faucet(b"", 0, bytes.fromhex(text[2:]))
            print("0x" + generate_contract_address(node.faucet.address, nonce).hex())
        methods = Methods(node)
        for text in lines[count + 1 :]:
            try:
                print(methods("eth_call", [{"data": text}, "latest"]))
            except RpcError:
                print("error")
        """
}
