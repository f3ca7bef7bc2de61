//! `IN` and `EXISTS` wherever they stand.
//!
//! DataFusion joins what a WHERE asks of a subquery, and nothing else: a SELECT list's conditions are lent a WHERE
//! until they are joined, too. Where `IN` is part of a larger condition, the join knows true and false only: what is
//! unknown is asked for apart.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit, when,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// The rule that joins.
pub(super) const RULE: &str = "decorrelate_predicate_subquery";

/// What a subquery after IN is called.
const ASKED: &str = "asked";

/// The rule, for SELECT lists and groups too, and exact about what is unknown.
#[derive(Debug)]
pub(super) struct Everywhere(pub(super) Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for Everywhere {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Filter(filter) if asks(&filter.predicate) => {
                let schema = filter.input.schema();
                let conditions = split_conjunction_owned(filter.predicate);
                let conditions = conditions.into_iter().map(|condition| {
                    let condition = understood(condition)?;
                    if is_joined_exactly(&condition) { Ok(condition) } else { exact(condition, schema) }
                });
                let predicate = conjunction(conditions.collect::<Result<Vec<_>>>()?).unwrap_or_else(|| lit(true));
                self.0.rewrite(LogicalPlan::Filter(Filter::new(predicate, filter.input)), config)
            }
            LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) if plan.expressions().iter().any(asks) => {
                self.lifted(plan, config)
            }
            plan => self.0.rewrite(plan, config),
        }
    }
}

impl Everywhere {
    /// The plan over an input that has the conditions' answers.
    fn lifted(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let [input] = plan.inputs()[..] else { return Ok(Transformed::no(plan)) };
        let (mut expressions, names) = (plan.expressions(), NamePreserver::new_for_projection());
        let asking = expressions.iter().filter(|expr| asks(expr)).cloned();
        let asked =
            asking.map(|expr| Ok(exact(understood(expr)?, input.schema())?.is_null())).collect::<Result<Vec<_>>>()?;
        let lent = Filter::new(conjunction(asked).unwrap_or_else(|| lit(true)), Arc::new(input.clone()));
        let joined = match self.0.rewrite(LogicalPlan::Filter(lent), config)?.data {
            LogicalPlan::Projection(shown) => Arc::unwrap_or_clone(shown.input),
            joined => joined,
        };
        let LogicalPlan::Filter(joined) = joined else { return Ok(Transformed::no(plan)) };
        let mut answered = split_conjunction_owned(joined.predicate).into_iter();
        for expression in expressions.iter_mut().filter(|expr| asks(expr)) {
            let Some(Expr::IsNull(answer)) = answered.next() else { return Ok(Transformed::no(plan)) };
            *expression = names.save(expression).restore(*answer);
        }
        // What can't be joined is told when the plan is made physical.
        if expressions.iter().any(asks) {
            return Ok(Transformed::no(plan));
        }
        Ok(Transformed::yes(plan.with_new_exprs(expressions, vec![Arc::unwrap_or_clone(joined.input)])?))
    }
}

fn asks(expr: &Expr) -> bool {
    // The closure never fails, and neither does the walk.
    expr.exists(|expr| Ok(matches!(expr, Expr::InSubquery(_) | Expr::Exists(_)))).unwrap_or_default()
}

/// Where NULL and false come to the same, or the join knows them apart.
fn is_joined_exactly(condition: &Expr) -> bool {
    match condition {
        Expr::InSubquery(asked) => !asked.negated || knows_nulls(asked),
        Expr::Not(inner) => match inner.as_ref() {
            Expr::InSubquery(asked) => asked.negated || knows_nulls(asked),
            inner => !asks_in(inner),
        },
        condition => is_plainly_asked(condition),
    }
}

/// Whether the join for NOT IN sees that a NULL may stand on either side: it looks at columns, and compares but one.
fn knows_nulls(asked: &InSubquery) -> bool {
    let value = match asked.expr.as_ref() {
        Expr::Cast(cast) => cast.expr.as_ref(),
        value => value,
    };
    matches!(value, Expr::Column(_)) && asked.subquery.outer_ref_columns.is_empty()
}

fn is_plainly_asked(condition: &Expr) -> bool {
    match condition {
        Expr::InSubquery(asked) => !asked.negated,
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And | Operator::Or, right }) => {
            is_plainly_asked(left) && is_plainly_asked(right)
        }
        other => !asks_in(other),
    }
}

fn asks_in(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(matches!(expr, Expr::InSubquery(_)))).unwrap_or_default()
}

/// The expression, what stands after its INs in the form the joins understand.
fn understood(expr: Expr) -> Result<Expr> {
    let done = expr.transform_up(|expr| match expr {
        // A mark's join takes a column without a name for two.
        Expr::InSubquery(mut asked) if asked.subquery.outer_ref_columns.is_empty() => {
            let plan = LogicalPlanBuilder::from(Arc::unwrap_or_clone(asked.subquery.subquery)).alias(ASKED)?.build()?;
            asked.subquery.subquery = Arc::new(plan);
            Ok(Transformed::yes(Expr::InSubquery(asked)))
        }
        // Joined by what it refers to, a total of no rows would be no row.
        Expr::InSubquery(asked) if is_a_total(&asked.subquery.subquery) => {
            let equal = (*asked.expr).eq(Expr::ScalarSubquery(asked.subquery));
            Ok(Transformed::yes(if asked.negated { !equal } else { equal }))
        }
        Expr::Exists(asked) if is_a_total(&asked.subquery.subquery) => Ok(Transformed::yes(lit(!asked.negated))),
        expr => Ok(Transformed::no(expr)),
    })?;
    Ok(done.data)
}

/// Whether a plan has one row, whatever its input has.
fn is_a_total(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(node) => is_a_total(&node.input),
        LogicalPlan::SubqueryAlias(node) => is_a_total(&node.input),
        LogicalPlan::Aggregate(node) => node.group_expr.is_empty(),
        _ => false,
    }
}

/// The expression, its INs unknown where a NULL stands on either side.
fn exact(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let rewritten = expr.transform_up(|expr| {
        let Expr::InSubquery(InSubquery { expr: value, subquery, negated }) = expr else {
            return Ok(Transformed::no(expr));
        };
        let (column, field) = subquery.subquery.schema().iter().next().map_or_else(
            || datafusion::common::plan_err!("a subquery after IN has a column"),
            |(relation, field)| Ok((datafusion::common::Column::from((relation, field)), Arc::clone(field))),
        )?;
        let mut unknown = Vec::new();
        if value.nullable(schema).unwrap_or(true) {
            unknown.push(value.as_ref().clone().is_null().and(exists(&subquery, subquery.subquery.as_ref().clone())));
        }
        if field.is_nullable() {
            let nulls = LogicalPlanBuilder::from(subquery.subquery.as_ref().clone());
            unknown.push(exists(&subquery, nulls.filter(Expr::Column(column).is_null())?.build()?));
        }
        let found = Expr::InSubquery(InSubquery { expr: value, subquery, negated: false });
        let Some(unknown) = unknown.into_iter().reduce(Expr::or) else {
            return Ok(Transformed::yes(if negated { !found } else { found }));
        };
        let decided =
            when(found, lit(!negated)).when(unknown, lit(ScalarValue::Boolean(None))).otherwise(lit(negated))?;
        Ok(Transformed::new(decided, true, datafusion::common::tree_node::TreeNodeRecursion::Jump))
    })?;
    Ok(rewritten.data)
}

fn exists(like: &Subquery, plan: LogicalPlan) -> Expr {
    Expr::Exists(Exists { subquery: like.with_plan(Arc::new(plan)), negated: false })
}
