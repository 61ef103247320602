/**
 * Puts a call into each function, branch and loop of a TypeScript module, and makes JavaScript of it.
 *
 * Pure. The call has the number of its place; what it does is its own matter.
 */
import ts from "typescript";

const SHORT_CUTS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

/** `call`: the name of a function that the code will find when it runs. `nextSite` gives each place its number. */
export function countBranches(source: string, call: string, nextSite: () => number): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    transformers: { before: [(context) => (file) => new BranchCounter(context, call, nextSite).file(file)] },
  });
  return outputText;
}

class BranchCounter {
  readonly #context: ts.TransformationContext;
  readonly #factory: ts.NodeFactory;
  readonly #call: string;
  readonly #nextSite: () => number;
  readonly #bodies = new Set<ts.Node>();

  constructor(context: ts.TransformationContext, call: string, nextSite: () => number) {
    this.#context = context;
    this.#factory = context.factory;
    this.#call = call;
    this.#nextSite = nextSite;
  }

  file(file: ts.SourceFile): ts.SourceFile {
    return ts.visitEachChild(file, this.#visit, this.#context);
  }

  readonly #visit = (node: ts.Node): ts.Node => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) this.#bodies.add(node.body as ts.Node);
    const inner = ts.visitEachChild(node, this.#visit, this.#context);
    if (ts.isExpression(inner)) {
      const expression = this.#expression(inner);
      return this.#bodies.has(node) ? this.#counting(expression) : expression;
    }
    if (ts.isBlock(inner) && this.#bodies.has(node)) return this.#block(inner);
    return this.#statement(inner);
  };

  #statement(node: ts.Node): ts.Node {
    const factory = this.#factory;
    if (ts.isIfStatement(node)) {
      const otherwise = this.#block(node.elseStatement);
      return factory.updateIfStatement(node, node.expression, this.#block(node.thenStatement), otherwise);
    }
    if (ts.isWhileStatement(node)) {
      return factory.updateWhileStatement(node, node.expression, this.#block(node.statement));
    }
    if (ts.isForStatement(node)) {
      const { initializer, condition, incrementor, statement } = node;
      return factory.updateForStatement(node, initializer, condition, incrementor, this.#block(statement));
    }
    if (ts.isForOfStatement(node)) {
      const { awaitModifier, initializer, expression, statement } = node;
      return factory.updateForOfStatement(node, awaitModifier, initializer, expression, this.#block(statement));
    }
    if (ts.isCaseClause(node)) {
      return factory.updateCaseClause(node, node.expression, [this.#countStatement(), ...node.statements]);
    }
    if (ts.isDefaultClause(node)) {
      return factory.updateDefaultClause(node, [this.#countStatement(), ...node.statements]);
    }
    return node;
  }

  #expression(node: ts.Expression): ts.Expression {
    const factory = this.#factory;
    if (ts.isConditionalExpression(node)) {
      const [whenTrue, whenFalse] = [this.#counting(node.whenTrue), this.#counting(node.whenFalse)];
      const { condition, questionToken, colonToken } = node;
      return factory.updateConditionalExpression(node, condition, questionToken, whenTrue, colonToken, whenFalse);
    }
    if (ts.isBinaryExpression(node) && SHORT_CUTS.has(node.operatorToken.kind)) {
      return factory.updateBinaryExpression(node, node.left, node.operatorToken, this.#counting(node.right));
    }
    return node;
  }

  #count(): ts.Expression {
    const site = this.#factory.createNumericLiteral(this.#nextSite());
    return this.#factory.createCallExpression(this.#factory.createIdentifier(this.#call), undefined, [site]);
  }

  #countStatement(): ts.Statement {
    return this.#factory.createExpressionStatement(this.#count());
  }

  #counting(expression: ts.Expression): ts.Expression {
    return this.#factory.createParenthesizedExpression(this.#factory.createComma(this.#count(), expression));
  }

  #block(statement: ts.Statement | undefined): ts.Block {
    const statements = statement === undefined ? [] : ts.isBlock(statement) ? statement.statements : [statement];
    return this.#factory.createBlock([this.#countStatement(), ...statements], true);
  }
}
