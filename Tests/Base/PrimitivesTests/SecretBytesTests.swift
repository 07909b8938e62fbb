import Primitives
import Synchronization
import Testing

struct SecretBytesTests {
    private struct Refused: Error, Equatable {}

    private func bytes(of secret: borrowing SecretBytes) -> [UInt8] {
        secret.withBytes { span in span.byteOffsets.map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) } }
    }

    // A macro's argument is copied about, a secret is not: the comparison happens here.
    private func isSame(_ left: borrowing SecretBytes, _ right: borrowing SecretBytes) -> Bool {
        left.isEqual(to: right)
    }

    private func isSame(_ left: borrowing SecretBytes, _ right: [UInt8]) -> Bool {
        left.isEqual(to: right) && left.isEqual(to: SecretBytes(copying: right))
    }

    @Test func `the bytes are lent as they were given`() {
        let secret = SecretBytes(copying: [1, 2, 3])
        let count = secret.count
        #expect(count == 3)
        let secretBytes = bytes(of: secret)
        #expect(secretBytes == [1, 2, 3])
        let filled = SecretBytes(count: 4) { output in
            for byte: UInt8 in 5...8 { output.append(byte) }
        }
        let filledBytes = bytes(of: filled)
        #expect(filledBytes == [5, 6, 7, 8])
        let copy = filled.withBytes { SecretBytes(copying: $0) }
        let isCopy = isSame(copy, filled)
        #expect(isCopy)
    }

    @Test func `a pointer serves a C function`() {
        let secret = unsafe SecretBytes(
            count: 2,
            unsafeFill: { buffer in
                unsafe buffer[0] = 7
                unsafe buffer[1] = 8
            })
        let copy = unsafe secret.withUnsafeBytes { unsafe Array($0) }
        #expect(copy == [7, 8])
    }

    @Test func `an error while filling comes out and leaves no secret`() {
        #expect(throws: Refused()) {
            _ = try SecretBytes(count: 2) { (output) throws(Refused) in
                output.append(1 as UInt8)
                throw Refused()
            }
        }
        #expect(throws: Refused()) {
            _ = try unsafe SecretBytes(count: 2, unsafeFill: { (_) throws(Refused) in throw Refused() })
        }
    }

    @Test func `an error of the borrower comes out typed`() {
        let secret = SecretBytes(copying: [1])
        #expect(throws: Refused()) { try secret.withBytes { (_) throws(Refused) in throw Refused() } }
        let isUnchanged = isSame(secret, [1])
        #expect(isUnchanged)
    }

    @Test func `equality sees every bit and the length`() {
        let original = RandomSource.seeded(1).bytes(33)
        let secret = SecretBytes(copying: original)
        var answers = [isSame(secret, original)]
        for bit in 0..<(33 * 8) {
            var changed = original
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            answers.append(isSame(secret, changed))
        }
        answers.append(isSame(secret, Array(original.dropLast())))
        answers.append(isSame(secret, original + [0]))
        answers.append(isSame(secret, []))
        #expect(answers == [true] + [Bool](repeating: false, count: 33 * 8 + 3))
        let none = isSame(SecretBytes(copying: []), [])
        #expect(none)
    }

    @Test func `random secrets differ and are filled to the end`() {
        for count in [1, 16, 32, 255, 256, 257, 1000] {
            let secret = SecretBytes.random(count: count)
            let copy = bytes(of: secret)
            let length = secret.count
            #expect(copy.count == count && length == count)
            guard count >= 16 else { continue }
            // All of sixteen random bytes alike has a chance below 2^-100.
            let other = bytes(of: SecretBytes.random(count: count))
            #expect(copy != other)
            #expect(copy.suffix(16).contains { $0 != 0 })
        }
    }

    @Test func `a secret may be held by a mutex and lent across tasks`() async {
        final class Vault: Sendable {
            let secret: Mutex<SecretBytes>
            init(_ secret: consuming SecretBytes) { self.secret = Mutex(secret) }
        }
        let vault = Vault(SecretBytes(copying: [4, 2]))
        let answers = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { vault.secret.withLock { $0.isEqual(to: [4, 2]) } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == [Bool](repeating: true, count: 8))
    }

    @Test func `a secret filled in part is a programmer error`() async {
        await #expect(processExitsWith: .failure) { _ = SecretBytes(count: 2) { $0.append(1 as UInt8) } }
    }
}
