//! The Merkle tree (RFC 6962 section 2.1) by its right edge: a stack of the roots of its full subtrees.

use ring::digest::{Context, SHA256, digest};

/// A hash of the tree.
pub(crate) type Hash = [u8; 32];

/// SHA-256(0x00 ‖ public part): the chain's link and the tree's leaf.
pub fn leaf_hash(public: &[u8]) -> [u8; 32] {
    hash(0, &[public])
}

/// SHA-256(0x02 ‖ private part): how the public part names its private part.
pub(crate) fn private_digest(private: &[u8]) -> [u8; 32] {
    hash(2, &[private])
}

/// SHA-256(0x01 ‖ left ‖ right).
pub(crate) fn node(left: &Hash, right: &Hash) -> Hash {
    hash(1, &[left, right])
}

/// SHA-256 of nothing.
pub(crate) fn empty_root() -> Hash {
    bytes(digest(&SHA256, b"").as_ref())
}

/// The root over hashes that are as many as a power of two.
pub(crate) fn subtree(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            if left.is_empty() { empty_root() } else { node(&subtree(left), &subtree(right)) }
        }
    }
}

fn hash(prefix: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(&[prefix]);
    for part in parts {
        context.update(part);
    }
    bytes(context.finish().as_ref())
}

fn bytes(from: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(from);
    out
}

/// The right edge of the tree: enough to append and to name the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees, largest first: one per set bit of `size`.
    nodes: Vec<[u8; 32]>,
}

impl Frontier {
    /// Appends a leaf.
    pub fn push(&mut self, leaf: [u8; 32]) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                hash = node(&left, &hash);
            }
        }
        self.nodes.push(hash);
        self.size += 1;
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root; of the empty tree SHA-256 of nothing.
    pub fn root(&self) -> [u8; 32] {
        let mut nodes = self.nodes.iter().rev();
        match nodes.next() {
            None => empty_root(),
            Some(last) => nodes.fold(*last, |right, left| node(left, &right)),
        }
    }

    /// The nodes, 32 bytes each, largest subtree first.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.nodes.concat()
    }

    /// The right edge of a tree of that size; the number of nodes must fit.
    pub fn from_bytes(size: u64, nodes: &[u8]) -> Option<Self> {
        let (nodes, rest) = nodes.as_chunks::<32>();
        let fits = rest.is_empty() && u32::try_from(nodes.len()) == Ok(size.count_ones());
        fits.then(|| Self { size, nodes: nodes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    /// RFC 6962 section 2.1 as it is written.
    fn naive(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => bytes(digest(&SHA256, b"").as_ref()),
            [one] => *one,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                hash(1, &[&naive(&leaves[..k]), &naive(&leaves[k..])])
            }
        }
    }

    #[test]
    fn the_roots_of_rfc_6962() {
        let leaves = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let mut tree = Frontier::default();
        let mut roots = vec![HEXLOWER.encode(&tree.root())];
        for leaf in leaves {
            tree.push(leaf_hash(&HEXLOWER.decode(leaf.as_bytes()).unwrap()));
            roots.push(HEXLOWER.encode(&tree.root()));
        }
        assert_eq!(roots[0], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(roots[1], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(roots[2], "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
        assert_eq!(roots[3], "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
        assert_eq!(roots[7], "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c");
        assert_eq!(roots[8], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn every_size_has_the_root_of_the_definition() {
        let mut tree = Frontier::default();
        let mut leaves = Vec::new();
        for n in 0u32..300 {
            assert_eq!(tree.root(), naive(&leaves), "{n}");
            assert_eq!(Frontier::from_bytes(tree.size(), &tree.to_bytes()).as_ref(), Some(&tree));
            assert!(
                !Frontier::from_bytes(tree.size() + 1 + u64::from(n % 2), &tree.to_bytes())
                    .is_some_and(|t| t.root() == tree.root() && t.size() == tree.size())
            );
            let leaf = leaf_hash(&n.to_be_bytes());
            tree.push(leaf);
            leaves.push(leaf);
        }
    }

    proptest! {
        #[test]
        fn another_leaf_is_another_root(n in 1usize..200, at in any::<prop::sample::Index>()) {
            let leaves: Vec<_> = (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect();
            let mut other = leaves.clone();
            other[at.index(n)][0] ^= 1;
            let root = |leaves: &[[u8; 32]]| {
                let mut tree = Frontier::default();
                for leaf in leaves {
                    tree.push(*leaf);
                }
                tree.root()
            };
            prop_assert_ne!(root(&leaves), root(&other));
        }
    }
}
