/// Puts a program for the EVM together from named steps; for the few programs that are written by hand.
enum EVMAssembly {
    /// The instructions in use, with their codes: [the yellow paper](https://ethereum.github.io/yellowpaper/paper.pdf),
    /// appendix H.
    enum Instruction: UInt8 {
        case add = 0x01
        case mul = 0x02
        case sub = 0x03
        case lt = 0x10
        case gt = 0x11
        case eq = 0x14
        case iszero = 0x15
        case and = 0x16
        case not = 0x19
        case byte = 0x1A
        case shr = 0x1C
        case codesize = 0x38
        case codecopy = 0x39
        case extcodesize = 0x3B
        case returndatasize = 0x3D
        case returndatacopy = 0x3E
        case pop = 0x50
        case mload = 0x51
        case mstore = 0x52
        case mstore8 = 0x53
        case jump = 0x56
        case jumpi = 0x57
        case gas = 0x5A
        case jumpdest = 0x5B
        case dup1 = 0x80
        case dup2 = 0x81
        case dup3 = 0x82
        case dup5 = 0x84
        case swap1 = 0x90
        case swap2 = 0x91
        case swap3 = 0x92
        case call = 0xF1
        case `return` = 0xF3
        case staticcall = 0xFA
    }

    /// A part of a program.
    enum Step {
        /// Instructions, one after the other.
        case run([Instruction])
        /// A number on the stack.
        case push(Int)
        /// A word of up to 32 bytes on the stack.
        case pushBytes([UInt8])
        /// The word at a fixed place of memory on the stack.
        case load(Int)
        /// The place of a label on the stack.
        case pushLabel(String)
        /// To a label.
        case jump(String)
        /// To a label, unless the top of the stack is zero.
        case jumpIf(String)
        /// A place to jump to.
        case label(String)
    }

    /// The label of the first byte behind the program; nobody jumps there.
    static let end = "end"

    /// The bytes of a program.
    ///
    /// - Precondition: the steps know their labels, and the program is shorter than 64 KiB.
    static func assemble(_ steps: [Step]) -> [UInt8] {
        var bytes: [UInt8] = []
        var places: [String: Int] = [:]
        var holes: [(position: Int, label: String)] = []
        func push(_ word: [UInt8]) {
            precondition((1...32).contains(word.count), "a word has 1 to 32 bytes")
            bytes.append(0x5F + UInt8(word.count))
            bytes += word
        }
        func push(_ number: Int) {
            precondition((0...255).contains(number), "a number of these programs is one byte")
            push([UInt8(number)])
        }
        func push(label: String) {
            holes.append((bytes.count + 1, label))
            push([0, 0])
        }
        for step in steps {
            switch step {
            case .run(let instructions): bytes += instructions.map(\.rawValue)
            case .push(let number): push(number)
            case .pushBytes(let word): push(word)
            case .load(let place):
                push(place)
                bytes.append(Instruction.mload.rawValue)
            case .pushLabel(let label): push(label: label)
            case .jump(let label):
                push(label: label)
                bytes.append(Instruction.jump.rawValue)
            case .jumpIf(let label):
                push(label: label)
                bytes.append(Instruction.jumpi.rawValue)
            case .label(let label):
                places[label] = bytes.count
                bytes.append(Instruction.jumpdest.rawValue)
            }
        }
        places[end] = bytes.count
        for hole in holes {
            guard let place = places[hole.label] else { preconditionFailure("no label \(hole.label)") }
            bytes[hole.position] = UInt8(truncatingIfNeeded: place >> 8)
            bytes[hole.position + 1] = UInt8(truncatingIfNeeded: place)
        }
        return bytes
    }
}
