typedef int node_placeholder;
