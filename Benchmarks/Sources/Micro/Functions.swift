import CReference
import ChainEVM
import Cryptography
import Primitives

/// Single functions on one thread, in microseconds of CPU.
enum Functions {
    /// A withdrawal's body, as clients send it.
    static let body = """
        {"user_id":"user-000001","wallet_id":"wa_01J00000000000000000000000","asset":"eip155:31337/slip44:60",\
        "to":"0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F","amount":"1000000000000000","reference":"order 4711"}
        """

    static func run() throws {
        try signing()
        hashing()
        codecs()
    }

    private static func signing() throws {
        show("raw sign", ["us": microseconds { _ = reference_sign(Int32($0), 0) }])
        show("raw sign recoverable", ["us": microseconds { _ = reference_sign(Int32($0), 1) }])
        show("raw verify", ["us": microseconds { _ = reference_verify(Int32($0)) }])
        let key = try Secp256k1.PrivateKey(secret: SecretBytes(copying: [UInt8](repeating: 7, count: 32)))
        show(
            "sign",
            [
                "us": microseconds { count in
                    var digest = Keccak256.hash([1])
                    for _ in 0..<count { digest = Hash32(key.sign(digest: digest).r) ?? digest }
                    keep(digest)
                }
            ])
        let payee = Address(bytes: [UInt8](repeating: 0x11, count: 20)) ?? .zero
        let token = Address(bytes: [UInt8](repeating: 0x22, count: 20)) ?? .zero
        func transfer(_ nonce: Int, data: [UInt8], to: Address, value: UInt256) -> Transaction {
            Transaction(
                chainID: 31_337, nonce: UInt64(nonce), gasLimit: 21_000, to: to, value: value, data: data,
                fees: .eip1559(
                    maxPriorityFeePerGas: UInt256(1_500_000_000), maxFeePerGas: UInt256(30_000_000_000), accessList: []))
        }
        show(
            "build and sign transfer",
            [
                "us": microseconds { count in
                    var bytes = 0
                    for nonce in 0..<count {
                        let transaction = transfer(nonce, data: [], to: payee, value: UInt256(1_000_000_000_000_000))
                        let signed = transaction.signed(key.sign(digest: transaction.signingHash))
                        bytes += signed.raw.count + Int(signed.hash[0])
                    }
                    keep(bytes)
                }
            ])
        show(
            "build and sign token transfer",
            [
                "us": microseconds { count in
                    var bytes = 0
                    for nonce in 0..<count {
                        let data = ERC20.transfer(to: payee, amount: UInt256(1_000_000))
                        let transaction = transfer(nonce, data: data, to: token, value: .zero)
                        let signed = transaction.signed(key.sign(digest: transaction.signingHash))
                        bytes += signed.raw.count + Int(signed.hash[0])
                    }
                    keep(bytes)
                }
            ])
        show(
            "build without signing",
            [
                "us": microseconds { count in
                    let signature = key.sign(digest: Keccak256.hash([1]))
                    var bytes = 0
                    for nonce in 0..<count {
                        let transaction = transfer(nonce, data: [], to: payee, value: UInt256(1_000_000_000_000_000))
                        bytes += Int(transaction.signingHash[0])
                        let signed = transaction.signed(signature)
                        bytes += signed.raw.count + Int(signed.hash[0])
                    }
                    keep(bytes)
                }
            ])
    }

    private static func hashing() {
        for size in [135, 1_024] {
            let message = [UInt8](repeating: 0x5a, count: size)
            show(
                "keccak \(size)",
                [
                    "us": microseconds { count in
                        var last: UInt8 = 0
                        for _ in 0..<count { last ^= Keccak256.hash(message)[0] }
                        keep(last)
                    }
                ])
        }
        let message = [UInt8](repeating: 0x5a, count: 1_024)
        show(
            "sha256 1024",
            [
                "us": microseconds { count in
                    var last: UInt8 = 0
                    for _ in 0..<count { last ^= SHA2.sha256(message)[0] }
                    keep(last)
                }
            ])
    }

    private static func codecs() {
        let payee = Address(bytes: [UInt8](repeating: 0x11, count: 20)) ?? .zero
        let transaction = Transaction(
            chainID: 31_337, nonce: 7, gasLimit: 21_000, to: payee, value: UInt256(1_000_000_000_000_000),
            fees: .eip1559(
                maxPriorityFeePerGas: UInt256(1_500_000_000), maxFeePerGas: UInt256(30_000_000_000), accessList: []))
        show(
            "rlp transaction",
            [
                "us": microseconds { count in
                    var bytes = 0
                    for _ in 0..<count { bytes += transaction.signingPayload.count }
                    keep(bytes)
                }
            ])
        let bytes = Array(body.utf8)
        show(
            "json parse",
            [
                "us": microseconds { count in
                    var members = 0
                    for _ in 0..<count { members += (try? JSON.parse(bytes))?.members?.count ?? 0 }
                    keep(members)
                }
            ])
        guard let value = try? JSON.parse(bytes) else { return }
        show(
            "json write",
            [
                "us": microseconds { count in
                    var size = 0
                    for _ in 0..<count { size += value.serialized().count }
                    keep(size)
                }
            ])
    }
}
