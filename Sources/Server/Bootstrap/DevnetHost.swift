import AsyncHTTPClient
import ChainEVM
import ChainNode
import ChainNodeHTTP
import Foundation
import Primitives

/// The development chain of `devnet/`: a real EVM in a process of its own, started once and found again.
struct DevnetHost: Sendable {
    /// How long the runtime may take to be ready.
    static let startSecondsMax: Double = 60

    let node: HTTPNode
    let rpcURL: String
    let token: Address
    let tokenSymbol: String
    let tokenDecimals: UInt8
    /// Whether it was started just now.
    var isNew = false

    /// Finds the running chain of this data directory, or starts one that outlives this process.
    static func attach(_ directory: DataDirectory, client: HTTPClient) async throws -> DevnetHost {
        if let bytes = try DataDirectory.read(directory.devnetFile), let known = try? JSON.parse(bytes),
            let host = try? await connect(known, client: client)
        {
            return host
        }
        let process = try start(directory)
        let deadline = Date.now.addingTimeInterval(startSecondsMax)
        while Date.now < deadline {
            if let bytes = try DataDirectory.read(directory.devnetFile), let ready = try? JSON.parse(bytes),
                var host = try? await connect(ready, client: client)
            {
                host.isNew = true
                return host
            }
            // It may have left a child behind and ended in order; any other end is the end of the wait.
            guard process.isRunning || process.terminationStatus == 0 else {
                throw BootstrapError(
                    .unavailable,
                    "the development chain ended with code \(process.terminationStatus); see \(directory.devnetLog)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw BootstrapError(.unavailable, "the development chain was not ready in time; see \(directory.devnetLog)")
    }

    private static func connect(_ ready: JSON, client: HTTPClient) async throws -> DevnetHost {
        guard let url = ready["rpc_url"]?.string, let number = ready["chain_id"]?.uint64,
            let token = ready["token"]?["address"]?.string, let symbol = ready["token"]?["symbol"]?.string,
            let decimals = ready["token"]?["decimals"]?.uint64
        else { throw BootstrapError(.failed, "the development chain's ready file is damaged") }
        let node = HTTPNode(
            chain: try ChainID("eip155:\(number)"), endpoint: try HTTPEndpoint(name: "devnet", url: url), client: client
        )
        try await node.requireConfiguredChain()
        return DevnetHost(
            node: node, rpcURL: url, token: try Address(checksummed: token), tokenSymbol: symbol,
            tokenDecimals: UInt8(clamping: decimals))
    }

    private static func start(_ directory: DataDirectory) throws -> Process {
        let root = try root()
        let python = ProcessInfo.processInfo.environment["COFFER_PYTHON"] ?? "\(root)/.venv/bin/python"
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw BootstrapError(.configuration, "\(python) is missing: run `make setup` first")
        }
        try? FileManager.default.removeItem(atPath: directory.devnetFile)
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [
            "\(root)/devnet/evm", "--port", "0", "--block-time", "1.0", "--ready-file", directory.devnetFile,
            "--parent-independent", "--log-file", directory.devnetLog,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        // What it says before it opens its log by itself, such as that a module is missing.
        try DataDirectory.write([], to: directory.devnetLog)
        process.standardError = FileHandle(forWritingAtPath: directory.devnetLog) ?? FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw BootstrapError(.unavailable, "the development chain can't be started", cause: error)
        }
        return process
    }

    /// The folder with `devnet/`: `COFFER_HOME`, or one above this program or the working directory.
    private static func root() throws -> String {
        var starts: [String] = []
        if let home = ProcessInfo.processInfo.environment["COFFER_HOME"] { starts.append(home) }
        if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            starts.append(URL(filePath: program).deletingLastPathComponent().path(percentEncoded: false))
        }
        starts.append(FileManager.default.currentDirectoryPath)
        for start in starts {
            var folder = URL(filePath: start)
            for _ in 0..<8 {
                if FileManager.default.fileExists(atPath: folder.appending(path: "devnet/evm/__main__.py").path) {
                    return folder.path(percentEncoded: false).replacing(/\/+$/, with: "")
                }
                folder = folder.deletingLastPathComponent()
            }
        }
        throw BootstrapError(.configuration, "no devnet/ folder above this program; set COFFER_HOME")
    }

    /// Gives coins or tokens, in a block of their own.
    func fund(_ address: Address, amount: UInt256, isToken: Bool) async throws {
        _ = try await node.raw(
            method: isToken ? "devnet_fundToken" : "devnet_fund",
            params: [.string("\(address)"), .string(amount.hexQuantity)])
    }
}
